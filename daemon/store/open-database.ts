import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { UserError } from '../user-error.ts'
import { migrate } from './migrate.ts'
import { applicationId, migrations } from './schema.ts'

export type OpenOptions = { readonly?: boolean }

/**
 * Opens a record, new or old, and brings its schema up to date; for reading only, an old one keeps its schema.
 * @throws UserError for a file that is damaged, foreign, newer than this program, or not writable
 */
export const openDatabase = (file: string, options: OpenOptions = {}): Database.Database => {
  let database: Database.Database | undefined
  try {
    if (!options.readonly) mkdirSync(dirname(file), { recursive: true })
    database = new Database(file, {
      readonly: options.readonly ?? false,
      fileMustExist: options.readonly ?? false,
    })
    prepare(database, file, options)
    return database
  } catch (error) {
    database?.close()
    throw error instanceof UserError ? error : explain(file, error)
  }
}

const prepare = (database: Database.Database, file: string, options: OpenOptions): void => {
  const foundId = database.pragma('application_id', { simple: true })
  const version = Number(database.pragma('user_version', { simple: true }))
  const empty = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number }
  if (empty.n > 0 && foundId !== applicationId) {
    throw new UserError(
      `${file} is a SQLite database, but not one of klpscope's.`,
      'Name another file with --db.',
    )
  }
  if (version > migrations.length) {
    throw new UserError(
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
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = NORMAL')
  database.pragma(`application_id = ${applicationId}`)
  migrate(database)
}

const explain = (file: string, error: unknown): UserError => {
  const code = (error as { code?: string }).code ?? ''
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new UserError(
      `${file} is damaged or not a SQLite database.`,
      'Move it away to start a new record, or name another file with --db. What is still readable: sqlite3 FILE .recover',
    )
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new UserError(
      `${file} is locked by another process.`,
      'Stop the other daemon, or name another file with --db.',
    )
  }
  if (
    code === 'SQLITE_CANTOPEN' ||
    code.startsWith('SQLITE_READONLY') ||
    ['EACCES', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST'].includes(code)
  ) {
    return new UserError(
      `${file} cannot be opened${code.startsWith('E') ? ` (${code})` : ''}.`,
      'Check the path and its permissions, or name another file with --db.',
    )
  }
  return new UserError(
    `${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    'Name another file with --db.',
  )
}
