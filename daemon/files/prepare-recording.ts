import { chmodSync, lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../user-error.ts'
import { createPrivateFile } from './create-private-file.ts'
import { makePrivateDir } from './make-private-dir.ts'
import { outputTarget } from './output-target.ts'

/**
 * Makes sure that a recording can be written to, and is for this user alone (0600). What an earlier run has written
 * there stays: the next goes on behind it.
 * @throws UserError
 */
export const prepareRecording = (file: string): void => {
  try {
    makePrivateDir(dirname(file))
    const target = outputTarget(file)
    if (target.how === 'replace') makePrivate(target.path, file)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(
      `${file} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
      'Name another file with --record.',
    )
  }
}

/** Another user may have left a file there to read along: only one of our own is gone on with. */
const makePrivate = (path: string, file: string): void => {
  createPrivateFile(path)
  if (lstatSync(path).uid !== process.getuid?.())
    throw new UserError(`${file} belongs to another user.`, 'Name another file with --record.')
  chmodSync(path, 0o600)
}
