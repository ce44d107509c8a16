import type Database from 'better-sqlite3'
import type { ExportRange } from './event-pages.ts'

const pagePoints = 5_000
const earliest = -(2n ** 63n)
const latest = 2n ** 63n - 1n

/** What began before the range ended and ended after it began, or not at all; oldest first. */
export const overlapping = <T>(
  database: Database.Database,
  table: 'transitions' | 'findings',
  start: string,
  end: string,
  { fromNs, toNs }: ExportRange,
): T[] =>
  (
    database
      .prepare(
        `SELECT data FROM ${table} WHERE ${start} <= ? AND (${end} IS NULL OR ${end} >= ?) ORDER BY ${start}`,
      )
      .all(toNs ?? latest, fromNs ?? earliest) as { data: string }[]
  ).map(({ data }) => JSON.parse(data) as T)

/** Every series' points in the range, a page at a time. */
export function* pointPages(
  database: Database.Database,
  { fromNs, toNs }: ExportRange,
): Generator<{ name: string; rows: { timeNs: bigint; value: number | null }[] }> {
  const page = database
    .prepare(
      `SELECT time_ns AS timeNs, CAST(value AS REAL) AS value FROM points
       WHERE series_id = ? AND time_ns >= ? AND time_ns <= ? ORDER BY time_ns LIMIT ${pagePoints}`,
    )
    .safeIntegers()
  const all = database.prepare('SELECT id, name FROM series ORDER BY name').all() as {
    id: number
    name: string
  }[]
  for (const { id, name } of all) {
    for (let next = fromNs ?? earliest; ; ) {
      const rows = page.all(id, next, toNs ?? latest) as { timeNs: bigint; value: number | null }[]
      const last = rows.at(-1)
      if (!last) break
      yield { name, rows }
      next = last.timeNs + 1n
    }
  }
}
