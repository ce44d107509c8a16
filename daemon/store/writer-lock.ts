import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { createPrivateFile } from '../files/create-private-file.ts'
import { makePrivateDir } from '../files/make-private-dir.ts'
import { RecordError } from './record-error.ts'

/**
 * Makes sure that one daemon at a time writes a record, for as long as the returned database stays open. SQLite
 * itself does the locking, on a file beside the record: it lets go however the process ends, and readers of the
 * record are not locked out. It comes before the record itself, so it makes the directory.
 * @throws UserError when another process holds it
 */
export const lockForWriting = (file: string): Database.Database => {
  makePrivateDir(dirname(file))
  createPrivateFile(`${file}.lock`)
  const lock = new Database(`${file}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (!String((error as { code?: string }).code).startsWith('SQLITE_BUSY')) throw error
    throw new RecordError(
      'in-use',
      `Another klpscope is writing to ${file}.`,
      'Stop it, or name another file with --db.',
    )
  }
}

/** Whether a process is writing the record, as far as one may look. */
export const isBeingWritten = (file: string): boolean => {
  if (!existsSync(`${file}.lock`)) return false
  try {
    lockForWriting(file).close()
    return false
  } catch (error) {
    return error instanceof RecordError
  }
}
