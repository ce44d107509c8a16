import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { writeOutput } from '../../../daemon/files/write-output.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const write = (file: string, text = 'evidence') => writeOutput(file, async (out) => void out.write(text))
const refused = async (file: string): Promise<string> => {
  const error = await write(file).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(UserError)
  return (error as UserError).message
}
/** As /tmp: anyone may put something there. */
const shared = (): string => {
  const path = dir.path('shared')
  mkdirSync(path)
  chmodSync(path, 0o1777)
  return path
}
const nobody = 65_534

describe('a regular file', () => {
  it.each([0, 0o22, 0o777])('is for this user alone, with a umask of %d', async (mask) => {
    const before = process.umask(mask)
    try {
      await write(dir.path('out'))
    } finally {
      process.umask(before)
    }
    expect(statSync(dir.path('out')).mode & 0o7777).toBe(0o600)
    expect(readFileSync(dir.path('out'), 'utf8')).toBe('evidence')
  })

  it('takes the place of an older one when it is whole, and leaves it when it fails', async () => {
    writeFileSync(dir.path('out'), 'older', { mode: 0o644 })
    const reader = openSync(dir.path('out'), 'r')
    const failing = writeOutput(dir.path('out'), async (out) => {
      out.write('half')
      expect(readFileSync(dir.path('out'), 'utf8')).toBe('older')
      throw new Error('the record broke off')
    })
    await expect(failing).rejects.toThrow('the record broke off')
    expect(readdirSync(dir.path(''))).toEqual(['out'])
    await write(dir.path('out'))
    expect(readFileSync(dir.path('out'), 'utf8')).toBe('evidence')
    expect(statSync(dir.path('out')).mode & 0o7777).toBe(0o600)
    expect(readFileSync(reader, 'utf8'), 'who reads the older one reads on').toBe('older')
  })

  it('that cannot be written is refused with a sentence, and nothing is left', async () => {
    expect(await refused(dir.path('none/out'))).toMatch(/cannot be written \(ENOENT\)/)
    mkdirSync(dir.path('folder'))
    expect(await refused(dir.path('folder'))).toMatch(/is a directory/)
    expect(readdirSync(dir.path(''))).toEqual(['folder'])
  })
})

describe('what is no regular file is written to and stays what it is', () => {
  it('a device', async () => {
    execFileSync('mknod', [dir.path('null'), 'c', '1', '3'])
    const before = lstatSync(dir.path('null'))
    await write(dir.path('null'))
    const after = lstatSync(dir.path('null'))
    expect([after.isCharacterDevice(), after.rdev, after.ino, after.mode]).toEqual([
      true,
      before.rdev,
      before.ino,
      before.mode,
    ])
  })

  it('a device that refuses, with a sentence', async () => {
    execFileSync('mknod', [dir.path('full'), 'c', '1', '7'])
    expect(await refused(dir.path('full'))).toMatch(/cannot be written \(ENOSPC\)/)
  })

  it('a pipe', async () => {
    execFileSync('mkfifo', [dir.path('pipe')])
    const reader = execa('cat', [dir.path('pipe')])
    await write(dir.path('pipe'), 'x'.repeat(1_000_000))
    expect((await reader).stdout).toHaveLength(1_000_000)
    expect(lstatSync(dir.path('pipe')).isFIFO()).toBe(true)
  })

  it('a link of our own: what it leads to is replaced', async () => {
    mkdirSync(dir.path('elsewhere'))
    writeFileSync(dir.path('elsewhere/report'), 'older')
    symlinkSync(dir.path('elsewhere/report'), dir.path('latest'))
    await write(dir.path('latest'))
    expect(lstatSync(dir.path('latest')).isSymbolicLink()).toBe(true)
    expect(readFileSync(dir.path('elsewhere/report'), 'utf8')).toBe('evidence')
  })
})

describe('in a directory that others can write to', () => {
  it('a planted link is not followed, wherever it leads', async () => {
    writeFileSync(dir.path('victim'), 'precious')
    const path = shared()
    symlinkSync(dir.path('victim'), join(path, 'out'))
    symlinkSync(dir.path('nowhere'), join(path, 'dangling'))
    expect(await refused(join(path, 'out'))).toMatch(
      /symbolic link in a directory that other users can write to/,
    )
    expect(await refused(join(path, 'dangling'))).toMatch(/symbolic link/)
    expect(readFileSync(dir.path('victim'), 'utf8')).toBe('precious')
  })

  it('nor is a pipe written to, behind which somebody else may read', async () => {
    const path = shared()
    execFileSync('mkfifo', [join(path, 'out')])
    chownSync(join(path, 'out'), nobody, nobody)
    expect(await refused(join(path, 'out'))).toMatch(/is a pipe in a directory/)
  })

  it('a link at the name an earlier klpscope used on the way is not touched; the file itself is written', async () => {
    const path = shared()
    writeFileSync(dir.path('victim'), 'precious')
    symlinkSync(dir.path('victim'), join(path, 'out.partial'))
    await write(join(path, 'out'))
    expect(readFileSync(dir.path('victim'), 'utf8')).toBe('precious')
    expect(readFileSync(join(path, 'out'), 'utf8')).toBe('evidence')
    expect(statSync(join(path, 'out')).mode & 0o7777).toBe(0o600)
  })

  it('as is one that belongs to somebody else', async () => {
    mkdirSync(dir.path('theirs'))
    chownSync(dir.path('theirs'), nobody, nobody)
    symlinkSync(dir.path('victim'), dir.path('theirs/out'))
    expect(await refused(dir.path('theirs/out'))).toMatch(/symbolic link/)
  })
})
