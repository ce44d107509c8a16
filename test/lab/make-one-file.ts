import { existsSync } from 'node:fs'
import Database from 'better-sqlite3'

/**
 * A daemon that was killed, or that the session outlived, leaves part of its record in the write-ahead log beside it:
 * takes it into the database, so that the file can be copied and read alone. One that SQLite cannot open stays as it is.
 */
export const makeOneFile = (database: string): void => {
  if (!existsSync(database) || !existsSync(`${database}-wal`)) return
  let opened: Database.Database | undefined
  try {
    opened = new Database(database)
    opened.pragma('wal_checkpoint(TRUNCATE)')
  } catch {
    // What is wrong with it is for its reader to say.
  } finally {
    // The last to close removes the log.
    opened?.close()
  }
}
