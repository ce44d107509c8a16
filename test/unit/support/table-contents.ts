import type { Database } from 'better-sqlite3'

/** All rows of all tables. */
export const tableContents = (database: Database): Record<string, unknown[]> => {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .pluck()
    .all() as string[]
  return Object.fromEntries(
    tables.map((table) => [table, database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()]),
  )
}
