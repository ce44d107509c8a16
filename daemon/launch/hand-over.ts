import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { UserError } from '../user-error.ts'
import { userMay } from './as-user.ts'
import type { ServiceUser } from './service-user.ts'

/** Directories that are klpscope's by their names, with all that lies in them. */
const ours: readonly string[] = ['/var/lib/klpscope', '/var/log/klpscope', '/run/klpscope']

/**
 * Gives a directory to the user, and the files of these names in it: one that is missing is made, for that user alone
 * (0700, files 0600). A directory of somebody else's is left as it is.
 * @param option that named it
 * @throws UserError when the user may not write there
 */
export const handOver = (user: ServiceUser, path: string, names: readonly string[], option: string): void => {
  const dir = resolve(path)
  try {
    const first = mkdirSync(dir, { recursive: true, mode: 0o700 })
    if (first !== undefined)
      for (let made = dir; made.length >= first.length; made = dirname(made)) give(user, made)
    const isOurs = ours.includes(dir)
    if (isOurs) give(user, realpathSync(dir))
    for (const name of isOurs ? readdirSync(dir) : names) giveFile(user, join(dir, name), isOurs)
  } catch (error) {
    throw new UserError(
      `${dir} cannot be handed over to user ${user.name} (${(error as NodeJS.ErrnoException).code}).`,
      `Check its permissions and the room on its file system, or name another place with ${option}.`,
    )
  }
  if (!userMay(user, 'w', dir))
    throw new UserError(
      `User ${user.name}, as which the daemon runs, may not write to ${dir}.`,
      `Name a directory with ${option} that does not exist yet (it is made), or one of that user's.`,
    )
}

const give = ({ uid, gid }: ServiceUser, dir: string): void => {
  chownSync(dir, uid, gid)
  chmodSync(dir, 0o700)
}

/** A link may lead anywhere, and a second name may be somebody else's file. @param anybodys also of another user than root */
const giveFile = ({ uid, gid }: ServiceUser, file: string, anybodys: boolean): void => {
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch {
    // It is not there, or no file.
    return
  }
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile() || status.nlink !== 1 || (status.uid !== 0 && !anybodys)) return
    fchownSync(descriptor, uid, gid)
    fchmodSync(descriptor, 0o600)
  } finally {
    closeSync(descriptor)
  }
}
