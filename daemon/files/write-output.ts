import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { constants, createWriteStream, fchmodSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { UserError } from '../user-error.ts'
import { type OutputTarget, outputTarget } from './output-target.ts'
import { withCleanup } from './with-cleanup.ts'

type Write = (out: Writable) => Promise<void>

/**
 * Writes what a command makes, for this user alone (0600). A file appears under its name when it is whole, and replaces
 * one that was there; until then it has a name in the same directory that nobody can guess, and that is gone when the
 * command fails or is interrupted. Devices and pipes are written to.
 * @param file undefined or `-`: standard output
 * @throws UserError when it cannot be written
 */
export const writeOutput = async (file: string | undefined, write: Write): Promise<void> => {
  try {
    await writeTo(outputTarget(file ?? '-'), write)
  } catch (error) {
    throw error instanceof WriteError
      ? cannotWrite(file ?? 'Standard output', error.cause)
      : explained(file ?? 'Standard output', error)
  }
}

/** What is no regular file is neither created nor cut: it is what it is. */
const writeTo = async (target: OutputTarget, write: Write): Promise<void> => {
  if (target.how === 'replace') return replaceWith(target.path, write)
  if (target.how === 'through')
    return drive(createWriteStream('', { fd: openSync(target.path, constants.O_WRONLY) }), write)
  await (target.number === 1
    ? write(process.stdout)
    : drive(createWriteStream('', { fd: target.number }), write))
}

/** What went wrong with the output, rather than with what was to be written. */
class WriteError extends Error {}

/** Without a handler a stream's error would end the process, and a writer would wait for ever for it to drain. */
const drive = async (out: Writable, write: Write): Promise<void> => {
  const failed = once(out, 'error').then(([cause]) => {
    throw new WriteError('', { cause })
  })
  const ended = async () => {
    await write(out)
    out.end()
    await finished(out)
  }
  failed.catch(() => undefined)
  await Promise.race([failed, ended()])
}

const replaceWith = async (path: string, write: Write): Promise<void> => {
  const partial = join(dirname(path), `.klpscope-${randomBytes(8).toString('hex')}.partial`)
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  const remove = () => rmSync(partial, { force: true })
  await withCleanup(remove, async () => {
    const descriptor = openSync(partial, flags, 0o600)
    fchmodSync(descriptor, 0o600)
    await drive(createWriteStream('', { fd: descriptor, flush: true }), write)
    renameSync(partial, path)
  })
}

/** Errors of the file system become a sentence; what the writer itself throws is passed on. */
const explained = (file: string, error: unknown): unknown =>
  typeof (error as NodeJS.ErrnoException).syscall === 'string' ? cannotWrite(file, error) : error

const cannotWrite = (file: string, error: unknown): UserError =>
  new UserError(
    `${file} cannot be written (${(error as NodeJS.ErrnoException).code ?? error}).`,
    'Name another file with -o.',
  )
