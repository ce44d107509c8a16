import type Database from 'better-sqlite3'
import type { EventKind } from '../contract/event.ts'
import { takePage } from '../store/take-page.ts'

/** Nanoseconds since the Unix epoch, both included; absent: from the beginning, to the end. */
export type ExportRange = { fromNs?: bigint; toNs?: bigint }

export type EventRow = { seq: number; data: string }

const pageEvents = 2_000
const earliest = -(2n ** 63n)
const latest = 2n ** 63n - 1n

/** First and last number of the events in a range; null when there are none. */
export const seqsOf = (
  database: Database.Database,
  { fromNs, toNs }: ExportRange,
): { first: number; last: number } | null => {
  const sql =
    fromNs === undefined && toNs === undefined
      ? 'SELECT (SELECT min(seq) FROM events) AS first, (SELECT max(seq) FROM events) AS last WHERE ? <= ?'
      : 'SELECT min(seq) AS first, max(seq) AS last FROM events WHERE time_ns BETWEEN ? AND ?'
  const row = database.prepare(sql).get(fromNs ?? earliest, toNs ?? latest) as {
    first: number | null
    last: number | null
  }
  return row.first === null || row.last === null ? null : { first: row.first, last: row.last }
}

/**
 * The events of a range in their order, a page at a time: memory stays the same however many there are, and no read
 * transaction stays open, which would make the log of a record that is being written grow.
 */
export function* eventPages(
  database: Database.Database,
  range: ExportRange,
  kinds?: readonly EventKind[],
): Generator<EventRow[]> {
  const seqs = seqsOf(database, range)
  if (!seqs) return
  const ofKinds = kinds ? ` AND kind IN (${kinds.map(() => '?').join(', ')})` : ''
  // A clock that was set leaves events of other times between those asked for. The plus keeps to the order by seq.
  const page = database.prepare(
    `SELECT seq, data FROM events NOT INDEXED WHERE seq >= ? AND seq <= ? AND +time_ns BETWEEN ? AND ?${ofKinds} ORDER BY seq LIMIT ${pageEvents}`,
  )
  for (let next = seqs.first; ; ) {
    const rows = takePage(
      page.iterate(
        next,
        seqs.last,
        range.fromNs ?? earliest,
        range.toNs ?? latest,
        ...(kinds ?? []),
      ) as IterableIterator<EventRow>,
    )
    const last = rows.at(-1)
    if (!last) return
    yield rows
    next = last.seq + 1
  }
}
