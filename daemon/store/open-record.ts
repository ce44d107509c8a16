import { chmodSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { UserError } from '../user-error.ts'
import { openDatabase } from './open-database.ts'
import { migrations } from './schema.ts'
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
export const openRecord = (file: string): OpenedRecord => {
  if (!existsSync(file)) {
    throw new UserError(
      `${file} does not exist.`,
      'Name the record, as given to klpscope daemon with --db.',
      3,
    )
  }
  const atRest = !existsSync(`${file}-wal`)
  if (atRest && statSync(file).size <= copiedUpToBytes) return openCopy(file)
  const inPlace = openInPlace(file)
  if (inPlace && isCurrent(inPlace) && !wasCutShort(inPlace, file))
    return { database: inPlace, close: () => inPlace.close() }
  inPlace?.close()
  return openCopy(file)
}

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
  hasUnsorted(database) && !isBeingWritten(file)

const openCopy = (file: string): OpenedRecord => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-record-'))
  const remove = () => rmSync(dir, { recursive: true, force: true })
  const copy = join(dir, 'record.db')
  try {
    for (const suffix of ['', '-wal']) {
      if (!existsSync(file + suffix)) continue
      copyFileSync(file + suffix, copy + suffix, constants.COPYFILE_FICLONE)
      chmodSync(copy + suffix, 0o600)
    }
    refuseEmpty(copy)
    const database = openDatabase(copy)
    if (hasUnsorted(database)) sortIn(database, createWriter(database))
    const close = () => {
      database.close()
      remove()
    }
    return { database, close }
  } catch (error) {
    remove()
    throw inTermsOf(file, copy, error)
  }
}

/** Opened for writing, an empty file would become a new record. */
const refuseEmpty = (copy: string): void => {
  if (statSync(copy).size === 0) openDatabase(copy, { readonly: true }).close()
}

const inTermsOf = (file: string, copy: string, error: unknown): Error => {
  if (error instanceof UserError)
    return new UserError(error.message.replaceAll(copy, file), error.remedy, error.exitCode)
  const { code } = error as NodeJS.ErrnoException
  return new UserError(
    `${file} cannot be read (${code ?? error}).`,
    code === 'ENOSPC'
      ? `Reading it needs a copy: make room in ${tmpdir()}, or name another place with TMPDIR.`
      : 'Check the path and its permissions.',
    3,
  )
}
