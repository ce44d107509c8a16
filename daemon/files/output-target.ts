import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../user-error.ts'

/**
 * `through`: what is there is written to (a device, a pipe). `replace`: a whole file takes this place. `descriptor`: a
 * file this process has open; replacing what it leads to would take it away from who opened it.
 */
export type OutputTarget =
  | { how: 'through'; path: string }
  | { how: 'replace'; path: string }
  | { how: 'descriptor'; number: number }

/** Names of this process's open files; a shell's `>(command)` is one. */
const openFile = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/
const standard: Record<string, number> = { '-': 1, '/dev/stdout': 1, '/dev/stderr': 2 }

/**
 * Where an output goes, by what stands under its name. Nothing is followed or written to that somebody else may have
 * planted: in a directory that others can write to (/tmp) a symbolic link is refused, and a pipe or device of another user.
 * @throws UserError for these, for a directory, and where nothing can stand
 */
export const outputTarget = (file: string): OutputTarget => {
  const number = standard[file] ?? openFile.exec(file)?.[1]
  if (number !== undefined) return { how: 'descriptor', number: Number(number) }
  const dir = realpathSync(dirname(file))
  const path = join(dir, basename(file))
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined || found.isFile()) return { how: 'replace', path }
  if (found.isDirectory()) throw refusal(file, 'is a directory')
  if (isShared(statSync(dir)) && (found.isSymbolicLink() || found.uid !== process.getuid?.()))
    throw refusal(file, `is a ${kindOf(found)} in a directory that other users can write to`)
  return found.isSymbolicLink() ? throughLink(file, path) : { how: 'through', path }
}

/** What a link of our own leads to keeps its place; a link that leads nowhere gets its file there. */
const throughLink = (file: string, link: string): OutputTarget => {
  try {
    return outputTarget(realpathSync(link))
  } catch (error) {
    if (error instanceof UserError) throw error
    throw refusal(file, 'is a symbolic link that leads nowhere')
  }
}

/** Not ours or root's, or open to others: whoever may write to it may have put there what is found under a name. */
const isShared = ({ uid, mode }: Stats): boolean =>
  (uid !== 0 && uid !== process.getuid?.()) || (mode & 0o022) !== 0

const kindOf = (found: Stats): string => {
  if (found.isSymbolicLink()) return 'symbolic link'
  if (found.isFIFO()) return 'pipe'
  return found.isSocket() ? 'socket' : 'device'
}

const refusal = (file: string, why: string): UserError =>
  new UserError(
    `${file} ${why}: nothing was written.`,
    'Name another file with -o, or leave it out for standard output.',
  )
