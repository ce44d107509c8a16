import { chownSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { prepareRecording } from '../../../daemon/files/prepare-recording.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const mode = (name: string): number => statSync(dir.path(name)).mode & 0o7777

describe('the file of a recording', () => {
  it('is made, with the directories above it, for this user alone', () => {
    prepareRecording(dir.path('new/raw.recording'))
    expect(mode('new/raw.recording')).toBe(0o600)
    expect(mode('new')).toBe(0o700)
  })

  it('keeps what an earlier run has written, and nobody else may read on', () => {
    writeFileSync(dir.path('raw.recording'), 'an earlier run', { mode: 0o644 })
    prepareRecording(dir.path('raw.recording'))
    expect(readFileSync(dir.path('raw.recording'), 'utf8')).toBe('an earlier run')
    expect(mode('raw.recording')).toBe(0o600)
  })

  it('is refused where it cannot stand', () => {
    expect(() => prepareRecording(dir.path(''))).toThrow('is a directory')
    symlinkSync('nowhere', dir.path('link'))
    expect(() => prepareRecording(dir.path('link'))).toThrow('leads nowhere')
    expect(() => prepareRecording('/proc/raw.recording')).toThrow('cannot be written')
  })

  it.skipIf(process.getuid?.() !== 0)('is refused when it is another user’s (needs root)', () => {
    writeFileSync(dir.path('raw.recording'), '', { mode: 0o666 })
    chownSync(dir.path('raw.recording'), 65_534, 65_534)
    expect(() => prepareRecording(dir.path('raw.recording'))).toThrow('belongs to another user')
    expect(mode('raw.recording')).not.toBe(0o600)
  })
})
