import Database from 'better-sqlite3'

const busyMs = 1_000

/**
 * What SQLite itself finds wrong with a database, on a connection that has nothing of it in memory and knows its
 * write-ahead log; null: nothing. A file that is shorter than its header says may be whole all the same: while a
 * checkpoint waits for room, its newest pages are in the log.
 * @throws SqliteError when SQLite cannot tell, such as for lack of room
 */
export const damageOf = (file: string): string | null => {
  let database: Database.Database | undefined
  try {
    database = new Database(file, { readonly: true, fileMustExist: true, timeout: busyMs })
    if (database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined) return 'it was emptied'
    const found = String(database.pragma('quick_check(1)', { simple: true }))
    return found === 'ok' ? null : (found.split('\n').at(-1) ?? found)
  } catch (error) {
    const { code, message } = error as Error & { code?: string }
    if (code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT')) return message
    throw error
  } finally {
    database?.close()
  }
}
