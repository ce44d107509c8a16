import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../user-error.ts'

/**
 * Why a record cannot be used. `foreign`, `newer`, `in-use`, `path`: the wrong one was named. `damaged`: its contents
 * make no sense. The rest may pass: `locked`, `full`, `unwritable`, `failing`.
 */
export type RecordTrouble =
  | 'foreign'
  | 'newer'
  | 'in-use'
  | 'path'
  | 'damaged'
  | 'locked'
  | 'full'
  | 'unwritable'
  | 'failing'

export class RecordError extends UserError {
  readonly trouble: RecordTrouble

  constructor(trouble: RecordTrouble, message: string, remedy: string) {
    super(message, remedy)
    this.name = 'RecordError'
    this.trouble = trouble
  }
}

const otherFile = 'name another file with --db.'

/**
 * What an error of SQLite or of the file system means for the record.
 * @throws any other error
 */
export const explainError = (file: string, error: unknown): RecordError => {
  if (error instanceof RecordError) return error
  const { code, message } = error as Error & { code?: unknown }
  // What was stored as JSON is none any more.
  if (error instanceof SyntaxError) return new RecordError('damaged', ...sentences.damaged(file, message))
  // The one thing that better-sqlite3 finds out by itself.
  if (/directory does not exist/.test(message))
    return new RecordError('path', ...sentences.path(file, 'there is no such directory'))
  if (typeof code !== 'string') throw error
  const trouble = troubleOf(file, code, message)
  return new RecordError(trouble, ...sentences[trouble](file, code || message))
}

/** Whether a write failed for what was to be written: it would fail in any other record too. */
export const isOfContent = (error: unknown): boolean =>
  error instanceof RangeError ||
  error instanceof TypeError ||
  /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(String((error as { code?: unknown }).code))

const troubleOf = (file: string, code: string, message: string): RecordTrouble => {
  if (code.startsWith('Z_')) return 'damaged'
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_IOERR_SHORT_READ')
    return 'damaged'
  // Its tables were cut off.
  if (code === 'SQLITE_ERROR' && /^no such (table|column)/.test(message)) return 'damaged'
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'locked'
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') return 'full'
  if (code.startsWith('SQLITE_IOERR') || code === 'EIO') return hasRoom(file) ? 'failing' : 'full'
  if (code.startsWith('SQLITE_READONLY') || code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return 'unwritable'
  if (code === 'SQLITE_CANTOPEN' && statSync(file, { throwIfNoEntry: false })?.isDirectory()) return 'path'
  if (code === 'SQLITE_CANTOPEN') return hasRoom(file) ? 'unwritable' : 'full'
  return ['ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR'].includes(code) ? 'path' : 'failing'
}

/** Some of SQLite's errors do not tell that the disk is full. */
const hasRoom = (file: string): boolean => {
  try {
    const { bavail, bsize } = statfsSync(dirname(file))
    return bavail * bsize > 1_000_000
  } catch {
    return true
  }
}

const sentences: Record<RecordTrouble, (file: string, code: string) => [message: string, remedy: string]> = {
  foreign: (file) => [
    `${file} is a SQLite database, but not one of klpscope's.`,
    'Name another file with --db.',
  ],
  newer: (file) => [
    `${file} was written by a newer klpscope.`,
    'Use that version, or name another file with --db.',
  ],
  'in-use': (file) => [`Another klpscope is writing to ${file}.`, `Stop it, or ${otherFile}`],
  path: (file, code) => [
    `${file} cannot be opened (${code}).`,
    `Check the path and its permissions, or ${otherFile}`,
  ],
  damaged: (file) => [
    `${file} is damaged or not a SQLite database.`,
    `Move it away to start a new record, or ${otherFile} What is still readable: sqlite3 FILE .recover`,
  ],
  locked: (file) => [`${file} is locked by another process.`, `Stop the other daemon, or ${otherFile}`],
  full: (file) => [`the disk of ${file} is full.`, 'Make room on it.'],
  unwritable: (file, code) => [
    `${file} cannot be opened or written to (${code}).`,
    `Check the path and its permissions, or ${otherFile}`,
  ],
  failing: (file, code) => [
    `${file} cannot be used (${code}).`,
    `See the kernel log for errors of its disk, or ${otherFile}`,
  ],
}
