import { constants, statSync } from 'node:fs'
import { chmod, copyFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type Database from 'better-sqlite3'
import { signalsHeard } from '../files/clean-up-at-end.ts'
import { UserError } from '../user-error.ts'
import { shellQuoteFile } from '../words/shell-quote.ts'
import { openDatabase } from './open-database.ts'
import { explainUnreadable } from './record-error.ts'
import { migrations } from './schema.ts'
import { type TemporaryPlace, temporaryPlace } from './temporary-place.ts'
import { hasUnsorted, sortIn } from './unsorted.ts'
import { createWriter } from './writer.ts'
import { isBeingWritten } from './writer-lock.ts'

export type OpenedRecord = { database: Database.Database; close: () => void }

/** SQLite leaves files beside a database that it only reads. What is not larger is read from a copy instead. */
const copiedUpToBytes = 256 * 2 ** 20

/**
 * Opens a record for reading, wherever it comes from: one that a daemon is writing, one that was left behind by a
 * crash, one of an older klpscope, one in a directory that cannot be written to. Nothing is written to the file.
 * @throws UserError for a file that is missing, empty, damaged, foreign or newer than this program
 */
export const openRecord = async (file: string): Promise<OpenedRecord> => {
  if (mayBeCopied(file)) return openCopy(file)
  const inPlace = openInPlace(file)
  if (inPlace && isCurrent(inPlace) && !wasCutShort(inPlace, file))
    return { database: inPlace, close: () => inPlace.close() }
  inPlace?.close()
  return openCopy(file)
}

/** A copy of what is being written meanwhile would not hang together. */
const mayBeCopied = (file: string): boolean => {
  const hasLog = isFile(`${file}-wal`)
  const bytes = [file, ...(hasLog ? [`${file}-wal`] : [])].reduce((sum, name) => sum + statSync(name).size, 0)
  return bytes <= copiedUpToBytes && (!hasLog || isBeingWritten(file) === false)
}

/** What is a pipe is not copied: it may never end. */
const isFile = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.isFile() ?? false

/** Null where reading needs writing: the directory cannot be written to, yet what is in the -wal has to be sorted. */
const openInPlace = (file: string): Database.Database | null => {
  let database: Database.Database | undefined
  try {
    database = openDatabase(file, { readonly: true })
    database.prepare('SELECT count(*) FROM checkpoints').get()
    return database
  } catch (error) {
    database?.close()
    const unwritable = /cannot be opened/.test((error as Error).message)
    if (error instanceof UserError && !unwritable) throw error
    return null
  }
}

const isCurrent = (database: Database.Database): boolean =>
  database.pragma('user_version', { simple: true }) === migrations.length

/** Power failed on whoever wrote it while there was more to sort in than it could. */
const wasCutShort = (database: Database.Database, file: string): boolean =>
  hasUnsorted(database) && isBeingWritten(file) === false

/** Signals are heard while it is copied. */
const openCopy = async (file: string): Promise<OpenedRecord> => {
  const place = temporaryPlace('record.db')
  try {
    for (const suffix of ['', '-wal']) {
      if (!isFile(file + suffix)) continue
      await copyFile(file + suffix, place.file + suffix, constants.COPYFILE_FICLONE)
      await chmod(place.file + suffix, 0o600)
    }
    return await openPrivateRecord(place, file)
  } catch (error) {
    place.remove()
    throw cannotCopy(file, error)
  }
}

/**
 * Opens a copy that nobody else has, and brings it up to date.
 * @param file what it is called in messages
 * @throws UserError
 */
export const openPrivateRecord = async (place: TemporaryPlace, file: string): Promise<OpenedRecord> => {
  let database: Database.Database | undefined
  try {
    // Opened for writing, an empty file would become a new record.
    if (statSync(place.file).size === 0) openDatabase(place.file, { readonly: true }).close()
    const opened = openDatabase(place.file, { foreign: true, whenPrivate: place.remove })
    database = opened
    if (hasUnsorted(opened)) sortIn(opened, createWriter(opened))
    await signalsHeard()
    const close = () => {
      opened.close()
      place.remove()
    }
    return { database: opened, close }
  } catch (error) {
    database?.close()
    throw inTermsOf(file, place.file, explainUnreadable(place.file, error))
  }
}

const inTermsOf = (file: string, copy: string, error: unknown): unknown =>
  error instanceof UserError
    ? new UserError(
        error.message.replaceAll(copy, file),
        error.remedy.replaceAll(copy, shellQuoteFile(file)),
        error.exitCode,
      )
    : error

const cannotCopy = (file: string, error: unknown): UserError => {
  if (error instanceof UserError) return error
  const { code } = error as NodeJS.ErrnoException
  return new UserError(
    `${file} cannot be read (${code ?? error}).`,
    code === 'ENOSPC'
      ? `Reading it needs a copy: make room in ${tmpdir()}, or name another place with TMPDIR.`
      : 'Check the path and its permissions.',
  )
}
