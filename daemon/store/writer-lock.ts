import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { createPrivateFile } from '../files/create-private-file.ts'
import { makePrivateDir } from '../files/make-private-dir.ts'
import { recordError } from './record-error.ts'

/**
 * Makes sure that one daemon at a time writes a record, for as long as the returned database stays open. SQLite
 * itself does the locking, on a file beside the record: it lets go however the process ends, and readers of the
 * record are not locked out. It comes before the record itself, so it makes the directory.
 * @throws UserError when another process holds it
 */
export const lockForWriting = (file: string): Database.Database => {
  makePrivateDir(dirname(file))
  createPrivateFile(`${file}.lock`)
  // Who looks whether it is held holds it for a moment.
  const lock = new Database(`${file}.lock`, { timeout: 200 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (!String((error as { code?: string }).code).startsWith('SQLITE_BUSY')) throw error
    throw recordError('in-use', file)
  }
}

/** Whether a process is writing the record; undefined: one may not look. */
export const isBeingWritten = (file: string): boolean | undefined => {
  if (!statSync(`${file}.lock`, { throwIfNoEntry: false })?.isFile()) return false
  let lock: Database.Database | undefined
  try {
    lock = new Database(`${file}.lock`, { readonly: true, timeout: 0 })
    lock.prepare('SELECT 1 FROM sqlite_schema').get()
    return false
  } catch (error) {
    return String((error as { code?: string }).code).startsWith('SQLITE_BUSY') || undefined
  } finally {
    lock?.close()
  }
}
