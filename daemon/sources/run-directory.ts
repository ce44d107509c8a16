import { accessSync, constants } from 'node:fs'
import { makePrivateDir } from '../files/make-private-dir.ts'
import { UserError } from '../user-error.ts'

/** For what has to outlive a daemon that is killed, but not a reboot. */
export const runRoot = '/run/klpscope'

/**
 * A directory in memory for what has to outlive a daemon that is killed, but not a reboot: the account of its record.
 * @throws UserError when it cannot be made or written
 */
export const makeRunDirectory = (dir: string): void => {
  try {
    makePrivateDir(dir)
    accessSync(dir, constants.W_OK)
  } catch (error) {
    throw new UserError(
      `${dir} cannot be written (${(error as NodeJS.ErrnoException).code ?? (error as Error).message}).`,
      'klpscope keeps there what it has not recorded yet: check its permissions and the room on its file system.',
    )
  }
}
