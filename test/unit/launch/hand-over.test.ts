import { chmodSync, chownSync, linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { handOver } from '../../../daemon/launch/hand-over.ts'
import { findServiceUser } from '../../../daemon/launch/service-user.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()

describe.runIf(process.getuid?.() === 0)('what root hands over to the daemon’s user', () => {
  const nobody = findServiceUser('nobody')
  const ownerOf = (name: string) => statSync(dir.path(name)).uid
  /** A directory of the user's with a file of root's in it. */
  const withFile = () => {
    chmodSync(dir.path(''), 0o755)
    mkdirSync(dir.path('record'))
    chownSync(dir.path('record'), nobody.uid, nobody.gid)
    writeFileSync(dir.path('record/a.db'), '', { mode: 0o644 })
  }
  const hand = () => handOver(nobody, dir.path('record'), ['a.db'], '--db')

  it('are the files that earlier runs as root have left there, and no others', () => {
    withFile()
    writeFileSync(dir.path('record/b.db'), '')
    hand()
    expect([ownerOf('record/a.db'), ownerOf('record/b.db')]).toEqual([nobody.uid, 0])
    expect(statSync(dir.path('record/a.db')).mode & 0o777).toBe(0o600)
  })

  it('is never what a link leads to, or a file with a second name elsewhere', () => {
    withFile()
    writeFileSync(dir.path('secret'), '')
    symlinkSync(dir.path('secret'), dir.path('record/a.db-wal'))
    linkSync(dir.path('record/a.db'), dir.path('other-name'))
    handOver(nobody, dir.path('record'), ['a.db', 'a.db-wal'], '--db')
    expect([ownerOf('secret'), ownerOf('record/a.db')]).toEqual([0, 0])
  })

  it('is not a file of another user', () => {
    withFile()
    chownSync(dir.path('record/a.db'), 1, 1)
    hand()
    expect(ownerOf('record/a.db')).toBe(1)
  })
})
