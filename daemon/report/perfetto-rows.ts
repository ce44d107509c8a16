import type Database from 'better-sqlite3'
import type { Series } from '../contract/state.ts'
import { createQueries } from '../store/queries.ts'
import { parseStored } from '../store/stored-json.ts'
import type { ExportRange } from './event-pages.ts'

/** As many seconds as points are asked for: nothing is drawn together that is kept by the second. */
const pageSeconds = 3_600
const secondNs = 1_000_000_000n
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
  ).map(({ data }) => parseStored(data) as T)

/** Every series over the time of these events, an hour at a time. */
export function* seriesPages(
  database: Database.Database,
  seqs: { first: number; last: number },
): Generator<Series> {
  const queries = createQueries(database)
  const { fromNs, toNs } = database
    .prepare('SELECT min(time_ns) AS fromNs, max(time_ns) AS toNs FROM events WHERE seq IN (?, ?)')
    .safeIntegers()
    .get(seqs.first, seqs.last) as { fromNs: bigint; toNs: bigint }
  for (const name of queries.seriesNames()) {
    for (let next = fromNs; next <= toNs; next += BigInt(pageSeconds) * secondNs) {
      const pageEnd = next + BigInt(pageSeconds) * secondNs - 1n
      // The end of a line is a point of its own, a moment after the last event.
      const page = queries.series(name, next, pageEnd > toNs ? toNs + secondNs : pageEnd, pageSeconds)
      if (page.times.length > 0) yield page
    }
  }
}
