import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { createPrivateFile } from '../files/create-private-file.ts'
import { makePrivateDir } from '../files/make-private-dir.ts'
import { UserError } from '../user-error.ts'
import { migrate } from './migrate.ts'
import { explainError, RecordError } from './record-error.ts'
import { applicationId, migrations } from './schema.ts'

export type OpenOptions = { readonly?: boolean }

/** Another process holds a record this long at most without being told of. */
const busyMs = 1_000
/** The write-ahead log gives back what is beyond this. */
const logBytes = 64_000_000

/**
 * Opens a record, new or old, and brings its schema up to date; for reading only, an old one keeps its schema.
 * @throws UserError for a file that is damaged, foreign, newer than this program, or not writable
 */
export const openDatabase = (file: string, options: OpenOptions = {}): Database.Database => {
  let database: Database.Database | undefined
  try {
    if (!options.readonly) {
      makePrivateDir(dirname(file))
      createPrivateFile(file)
    }
    database = new Database(file, {
      readonly: options.readonly ?? false,
      fileMustExist: options.readonly ?? false,
      timeout: busyMs,
    })
    prepare(database, file, options)
    return database
  } catch (error) {
    database?.close()
    throw error instanceof UserError ? error : explainError(file, error)
  }
}

const prepare = (database: Database.Database, file: string, options: OpenOptions): void => {
  const foundId = database.pragma('application_id', { simple: true })
  const version = Number(database.pragma('user_version', { simple: true }))
  const empty = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number }
  if (empty.n > 0 && foundId !== applicationId) {
    throw new RecordError(
      'foreign',
      `${file} is a SQLite database, but not one of klpscope's.`,
      'Name another file with --db.',
    )
  }
  if (version > migrations.length) {
    throw new RecordError(
      'newer',
      `${file} was written by a newer klpscope (schema ${version}, this program knows ${migrations.length}).`,
      'Use that version, or name another file with --db.',
    )
  }
  if (options.readonly) {
    if (empty.n === 0)
      throw new UserError(`${file} is empty: it holds no record.`, 'Name another file with --db.')
    return
  }
  // So that deleting gives space back; it can only be chosen before there are tables.
  if (empty.n === 0) database.pragma('auto_vacuum = INCREMENTAL')
  // In the file itself, not in the log beside it: by this a damaged record is known to be ours.
  if (empty.n === 0) database.pragma(`application_id = ${applicationId}`)
  database.pragma('journal_mode = WAL')
  database.pragma(`journal_size_limit = ${logBytes}`)
  migrate(database)
}
