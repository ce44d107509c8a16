import type Database from 'better-sqlite3'
import { sizeOf } from './give-back-space.ts'
import { recordError } from './record-error.ts'

/** Larger than any value klpscope writes, but for `unsorted`: the size of its queue. */
const largestBytes = 32_000_000
const largestUnsortedBytes = 128_000_000
/** A row takes more bytes than this in a file. */
const smallestRowBytes = 4

/**
 * Looks a whole database through, before anything of it is read: pages that hang together in a circle would keep
 * SQLite busy for ever, and a single value may take all memory. Some 300 MB a second.
 * @throws RecordError, SqliteError
 */
export const checkContents = (database: Database.Database, file: string): void => {
  // First, as checking pages reads values; a circle shows as more rows than the file has room for.
  const mostRows = Math.ceil(sizeOf(database).fileBytes / smallestRowBytes)
  for (const { table, column } of columnsOf(database)) {
    const most = table === 'unsorted' ? largestUnsortedBytes : largestBytes
    const { largest } = database
      .prepare(
        `SELECT max(bytes) AS largest FROM (SELECT octet_length("${column}") AS bytes FROM "${table}" LIMIT ?)`,
      )
      .get(mostRows) as { largest: number | null }
    if (largest !== null && largest > most)
      throw recordError('unreadable', file, `a value in its table ${table} is larger than ${most / 1e6} MB`)
  }
  const found = String(database.pragma('quick_check(1)', { simple: true }))
  if (found !== 'ok') throw recordError('damaged', file, found.split('\n').at(-1))
}

const columnsOf = (database: Database.Database): { table: string; column: string }[] =>
  database
    .prepare(
      `SELECT t.name AS "table", c.name AS "column" FROM sqlite_schema t, pragma_table_info(t.name) c
       WHERE t.type = 'table' AND c.type IN ('TEXT', 'BLOB')`,
    )
    .all() as { table: string; column: string }[]
