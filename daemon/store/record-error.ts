import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../user-error.ts'
import { shellQuoteFile } from '../words/shell-quote.ts'

/**
 * Why a record cannot be used. `foreign`, `newer`, `in-use`, `path`: the wrong one was named. `damaged`: SQLite says
 * that it is. `unreadable`: SQLite reads it, but what it holds makes no sense. The rest may pass: `locked`, `full`,
 * `unwritable`, `failing`.
 */
export type RecordTrouble =
  | 'foreign'
  | 'newer'
  | 'in-use'
  | 'path'
  | 'damaged'
  | 'unreadable'
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

/** @param detail what exactly is wrong, as part of a sentence */
export const recordError = (trouble: RecordTrouble, file: string, detail = ''): RecordError =>
  new RecordError(trouble, ...sentences[trouble](file, detail))

const otherFile = 'name another file with --db.'

/**
 * What an error of SQLite or of the file system means for the record.
 * @throws any other error
 */
export const explainError = (file: string, error: unknown): RecordError => {
  if (error instanceof RecordError) return error
  const { code, message } = error as Error & { code?: unknown }
  // What was stored as JSON, or as a compressed state, is none any more.
  if (error instanceof SyntaxError || isOfZlib(code)) return recordError('unreadable', file, message)
  // The one thing that better-sqlite3 finds out by itself.
  if (/directory does not exist/.test(message)) return recordError('path', file, 'there is no such directory')
  if (typeof code !== 'string') throw error
  return recordError(troubleOf(file, code, message), file, code === 'SQLITE_ERROR' ? message : code)
}

/** Whether a write failed for what was to be written: it would fail in any other record too. */
export const isOfContent = (error: unknown): boolean =>
  error instanceof RangeError ||
  error instanceof TypeError ||
  /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(String((error as { code?: unknown }).code))

/** The same for who only reads: whatever cannot be made sense of is the file's fault. @returns other errors as they are */
export const explainUnreadable = (file: string, error: unknown): unknown => {
  if (error instanceof UserError) return error
  const { code, message, name } = error as Error & { code?: unknown }
  if (error instanceof TypeError || error instanceof RangeError)
    return recordError('unreadable', file, `${name}: ${message}`)
  const isOfRecord = error instanceof SyntaxError || isOfZlib(code) || String(code).startsWith('SQLITE_')
  return isOfRecord ? explainError(file, error) : error
}

const isOfZlib = (code: unknown): boolean => /^(Z_|ERR_BUFFER_TOO_LARGE$)/.test(String(code))

const troubleOf = (file: string, code: string, message: string): RecordTrouble => {
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) return 'damaged'
  // Its tables were cut off, or what is in them is no JSON.
  if (code === 'SQLITE_ERROR' && /^no such (table|column)|^malformed JSON/.test(message)) return 'unreadable'
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
    const { bavail, bsize, files, ffree } = statfsSync(dirname(file))
    return bavail * bsize > 1_000_000 && (files === 0 || ffree > 0)
  } catch {
    return true
  }
}

const sentences: Record<RecordTrouble, (file: string, code: string) => [message: string, remedy: string]> = {
  foreign: (file, detail) => [
    `${file} is a SQLite database, but not one of klpscope's${detail && `: ${detail}`}.`,
    'Name another file with --db.',
  ],
  newer: (file, detail) => [
    `${file} was written by a newer klpscope${detail && ` (${detail})`}.`,
    'Use that version, or name another file with --db.',
  ],
  'in-use': (file) => [`Another klpscope is writing to ${file}.`, `Stop it, or ${otherFile}`],
  path: (file, code) => [
    `${file} cannot be opened (${code}).`,
    `Check the path and its permissions, or ${otherFile}`,
  ],
  damaged: (file, detail) => [
    `${file} is damaged or not a SQLite database${detail && ` (${detail})`}.`,
    `Move it away to start a new record, or ${otherFile} What is still readable: sqlite3 ${shellQuoteFile(file)} .recover`,
  ],
  unreadable: (file, detail) => [
    `${file} holds something that klpscope cannot read${detail && ` (${detail})`}.`,
    `Move it away to start a new record, or ${otherFile}`,
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
