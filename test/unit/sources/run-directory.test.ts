import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { execa } from 'execa'
import { describe, expect, it } from 'vitest'
import { createRunDirectory } from '../../../daemon/sources/run-directory.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const base = () => dir.path('run/klpscope')

describe('the directory of a running daemon', () => {
  it('is its own, for root alone, and gone after it', () => {
    const one = createRunDirectory(base())
    const two = createRunDirectory(base())
    expect(readdirSync(base())).toHaveLength(2)
    for (const path of [dir.path('run'), base(), one.path, two.path])
      expect(statSync(path).mode & 0o777, path).toBe(0o700)
    one.remove()
    expect([existsSync(one.path), existsSync(two.path)]).toEqual([false, true])
    two.remove()
    expect(readdirSync(base())).toEqual([])
  })

  it('is removed by the next daemon when its own was killed, with all that is in it; other files stay', () => {
    mkdirSync(`${base()}/run-killed`, { recursive: true })
    writeFileSync(`${base()}/run-killed/klpscope.bt`, '')
    writeFileSync(`${base()}/run-killed/lock`, '')
    writeFileSync(`${base()}/klpscope.db`, '')
    const { remove } = createRunDirectory(base())
    expect(existsSync(`${base()}/run-killed`)).toBe(false)
    remove()
    expect(readdirSync(base())).toEqual(['klpscope.db'])
  })

  it('where none can be made is refused with a sentence', () => {
    writeFileSync(dir.path('run'), '')
    expect(() => createRunDirectory(base())).toThrow(UserError)
    expect(() => createRunDirectory(base())).toThrow(/cannot be written \(ENOTDIR\)/)
  })
})

it('a process that is alive keeps its directory', async () => {
  const program = `
    const lock = new (require('better-sqlite3'))(process.argv[1] + '/lock')
    lock.exec('BEGIN EXCLUSIVE')
    console.log('locked')
    setInterval(() => 0, 1e6)`
  const other = `${base()}/run-other`
  mkdirSync(other, { recursive: true })
  const child = execa(process.execPath, ['-e', program, other], { reject: false, cwd: import.meta.dirname })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  createRunDirectory(base()).remove()
  expect(readdirSync(base())).toEqual(['run-other'])
  child.kill('SIGKILL')
  await child
  createRunDirectory(base()).remove()
  expect(readdirSync(base())).toEqual([])
})
