import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanUpAtEnd } from '../files/clean-up-at-end.ts'
import { UserError } from '../user-error.ts'

export type TemporaryPlace = { file: string; remove: () => void }

/**
 * A file's path in a directory that nobody else may enter; removed by `remove`, or when the program ends. A file that
 * is open by then lives on without a name, and ends with the program even if that is killed.
 * @throws UserError when there is no room for one
 */
export const temporaryPlace = (name: string): TemporaryPlace => {
  let dir: string | undefined
  const removeDir = () => {
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true })
  }
  // First: a signal that comes just when the directory is made would end the program without.
  const takeBack = cleanUpAtEnd(removeDir)
  try {
    dir = makeDir()
  } catch (error) {
    takeBack()
    throw error
  }
  return {
    file: join(dir, name),
    remove: () => {
      removeDir()
      takeBack()
    },
  }
}

const makeDir = (): string => {
  try {
    return mkdtempSync(join(tmpdir(), 'klpscope-'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new UserError(
      `A temporary directory cannot be made in ${tmpdir()} (${code}).`,
      'Make room there, or name another place with TMPDIR.',
    )
  }
}
