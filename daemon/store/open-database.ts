import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { createPrivateFile } from '../files/create-private-file.ts'
import { makePrivateDir } from '../files/make-private-dir.ts'
import { UserError } from '../user-error.ts'
import { checkContents } from './check-contents.ts'
import { migrate } from './migrate.ts'
import { explainError, recordError } from './record-error.ts'
import { differenceInSchema } from './record-schema.ts'
import { applicationId, migrations } from './schema.ts'

export type OpenOptions = {
  readonly?: boolean
  /** It may come from anybody: it is looked through before anything of it is read. */
  foreign?: boolean
  /**
   * Nobody else has it, and it goes when it is closed. Called when its file is open and no other beside it will be: its
   * name may go.
   */
  whenPrivate?: () => void
}

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
  // What a file says of itself must not make SQLite call functions, or read beyond its cells.
  database.pragma('trusted_schema = OFF')
  database.pragma('cell_size_check = ON')
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined
  if ((!isEmpty && foundId !== applicationId) || version < 0) throw recordError('foreign', file)
  if (version > migrations.length)
    throw recordError('newer', file, `schema ${version}, this program knows ${migrations.length}`)
  const difference = isEmpty ? null : differenceInSchema(database, version)
  if (difference !== null) throw recordError('foreign', file, difference)
  if (options.whenPrivate && inMemory(database)) options.whenPrivate()
  if (options.foreign) checkContents(database, file)
  if (options.readonly) {
    if (isEmpty) throw new UserError(`${file} is empty: it holds no record.`, 'Name another file with --db.')
    return
  }
  // So that deleting gives space back; it can only be chosen before there are tables.
  if (isEmpty) database.pragma('auto_vacuum = INCREMENTAL')
  // In the file itself, not in the log beside it: by this a damaged record is known to be ours.
  if (isEmpty) database.pragma(`application_id = ${applicationId}`)
  if (!options.whenPrivate) database.pragma('journal_mode = WAL')
  database.pragma(`journal_size_limit = ${logBytes}`)
  migrate(database, { shrinkable: !options.whenPrivate })
}

/** What else a database keeps in a file beside its own: the journal. */
const inMemory = (database: Database.Database): boolean =>
  database.pragma('journal_mode = MEMORY', { simple: true }) === 'memory'
