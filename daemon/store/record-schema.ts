import Database from 'better-sqlite3'
import { visibleText } from '../words/visible-text.ts'
import { migrations } from './schema.ts'

type Item = { type: string; name: string; tbl_name: string; sql: string }

/** What ANALYZE leaves. */
const statistics = new Set(['sqlite_stat1', 'sqlite_stat4'])
const known = new Map<number, Map<string, Item>>()

/**
 * How the schema of a database differs from that of a record of this version; null when it does not. A file that only
 * has our names may hold views that never end, or triggers.
 * @throws SqliteError
 */
export const differenceInSchema = (database: Database.Database, version: number): string | null => {
  const expected = schemaOf(version)
  const found = itemsOf(database)
  for (const item of found.values()) {
    const own = expected.get(item.name)
    if (!own && !(item.type === 'table' && statistics.has(item.name)))
      return `it has a ${item.type} ${visibleText(item.name)}`
    if (own && (own.sql !== item.sql || own.type !== item.type || own.tbl_name !== item.tbl_name))
      return `its ${own.type} ${own.name} is another`
  }
  const missing = [...expected.values()].find(({ name }) => !found.has(name))
  return missing ? `it lacks the ${missing.type} ${missing.name}` : null
}

const schemaOf = (version: number): Map<string, Item> => {
  const already = known.get(version)
  if (already) return already
  const database = new Database(':memory:')
  try {
    for (const migration of migrations.slice(0, version)) database.exec(migration)
    const items = itemsOf(database)
    known.set(version, items)
    return items
  } finally {
    database.close()
  }
}

/** Without the indexes that SQLite makes by itself, which have no SQL. */
const itemsOf = (database: Database.Database): Map<string, Item> => {
  const items = database
    .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL')
    .all() as Item[]
  return new Map(items.map((item) => [item.name, item]))
}
