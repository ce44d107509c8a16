import type Database from 'better-sqlite3'
import type { Event, EventKind } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Series, Transition } from '../contract/state.ts'
import { readSeries } from './read-series.ts'
import { parseStored, parseStoredEvent } from './stored-json.ts'

export type EventFilter = {
  fromNs?: bigint
  toNs?: bigint
  kind?: string[]
  patch?: string
  tid?: number
  transition?: string
  /** Only events before this seq; pages go back in time. */
  before?: number
  /** Only events after this seq. */
  after?: number
  limit: number
}

export type Queries = {
  events: (filter: EventFilter) => Event[]
  /** The newest of these kinds up to event `upTo`, however many others came since. */
  newestOfKinds: (kinds: readonly EventKind[], upTo: number, limit: number) => Event[]
  /** The newest that are in both: begun before a time, and begun before transition `afterId` of the page before. */
  transitions: (limit: number, beforeNs?: bigint, afterId?: string) => Transition[]
  transition: (id: string) => Transition | undefined
  /** Without a limit, all. */
  findings: (openOnly: boolean, limit?: number) => Finding[]
  /**
   * The points between the two times, at most about `points` of them: of each bin the last one, and the lowest and the
   * highest value.
   */
  series: (name: string, fromNs: bigint, toNs: bigint, points: number) => Series
  seriesNames: () => string[]
}

const parsed = <T>(rows: unknown[]): T[] =>
  (rows as { data: string }[]).map((row) => parseStored(row.data) as T)

/** Reading from a record; newest first. */
export const createQueries = (database: Database.Database): Queries => ({
  events: (filter) => {
    const conditions: string[] = []
    const values: unknown[] = []
    const where = (condition: string, ...value: unknown[]) => {
      conditions.push(condition)
      values.push(...value)
    }
    if (filter.fromNs !== undefined) where('time_ns >= ?', filter.fromNs)
    if (filter.toNs !== undefined) where('time_ns <= ?', filter.toNs)
    if (filter.kind?.length) where(`kind IN (${filter.kind.map(() => '?').join(', ')})`, ...filter.kind)
    if (filter.patch !== undefined) where('patch = ?', filter.patch)
    if (filter.tid !== undefined) where('tid = ?', filter.tid)
    if (filter.transition !== undefined) where('transition_id = ?', filter.transition)
    if (filter.before !== undefined) where('seq < ?', filter.before)
    if (filter.after !== undefined) where('seq > ?', filter.after)
    const sql = `SELECT data FROM events ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY seq DESC LIMIT ?`
    const rows = database.prepare(sql).all(...values, filter.limit) as { data: string }[]
    return rows.map(({ data }) => parseStoredEvent(data))
  },

  newestOfKinds: (kinds, upTo, limit) => {
    // Each kind from its index: a search through all events would meet a million measurements first.
    const ofKind = database
      .prepare('SELECT seq FROM events WHERE kind = ? AND seq <= ? ORDER BY seq DESC LIMIT ?')
      .pluck()
    const seqs = kinds
      .flatMap((kind) => ofKind.all(kind, upTo, limit) as number[])
      .sort((a, b) => b - a)
      .slice(0, limit)
    const one = database.prepare('SELECT data FROM events WHERE seq = ?')
    return parsed<Event>(seqs.map((seq) => one.get(seq)))
  },

  transitions: (limit, beforeNs, afterId) =>
    parsed<Transition>(
      database
        .prepare(
          `SELECT data FROM transitions WHERE start_ns < @before AND (@after IS NULL OR
             (start_ns, id) < ((SELECT start_ns FROM transitions WHERE id = @after), @after))
           ORDER BY start_ns DESC, id DESC LIMIT @limit`,
        )
        .all({ before: beforeNs ?? 2n ** 63n - 1n, after: afterId ?? null, limit }),
    ),

  transition: (id) =>
    parsed<Transition>(database.prepare('SELECT data FROM transitions WHERE id = ?').all(id))[0],

  findings: (openOnly, limit) =>
    parsed<Finding>(
      database
        .prepare(
          `SELECT data FROM findings ${openOnly ? 'WHERE closed_ns IS NULL' : ''} ORDER BY opened_ns DESC, id LIMIT ?`,
        )
        .all(limit ?? -1),
    ),

  series: (...range) => readSeries(database, ...range),

  seriesNames: () =>
    (database.prepare('SELECT name FROM series ORDER BY name').all() as { name: string }[]).map(
      (row) => row.name,
    ),
})
