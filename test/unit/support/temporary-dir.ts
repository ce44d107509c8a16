import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'

/** A directory of its own for each test, that any user may look into: `path(name)` names a file in it. */
export const useTemporaryDir = (): { path: (name: string) => string } => {
  let dir = ''
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'klpscope-unit-'))
    chmodSync(dir, 0o755)
  })
  afterEach(() => rmSync(dir, { recursive: true, force: true }))
  return { path: (name) => join(dir, name) }
}
