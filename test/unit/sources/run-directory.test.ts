import { existsSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeRunDirectory } from '../../../daemon/sources/run-directory.ts'
import { UserError } from '../../../daemon/user-error.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const base = () => dir.path('run/klpscope')

describe('the run directory', () => {
  it('is made for this user alone, and what is in it stays', () => {
    makeRunDirectory(base())
    for (const path of [dir.path('run'), base()]) expect(statSync(path).mode & 0o777, path).toBe(0o700)
    writeFileSync(`${base()}/account.json`, '')
    makeRunDirectory(base())
    expect(existsSync(`${base()}/account.json`)).toBe(true)
  })

  it('where none can be made is refused with a sentence', () => {
    writeFileSync(dir.path('run'), '')
    expect(() => makeRunDirectory(base())).toThrow(UserError)
    expect(() => makeRunDirectory(base())).toThrow(/cannot be written \(ENOTDIR\)/)
  })
})
