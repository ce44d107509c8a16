import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Transition } from '../contract/state.ts'
import { remainingSeries } from '../core/points.ts'
import { parseTime } from '../core/time.ts'
import { createQueries } from '../store/queries.ts'
import { restoreState } from '../store/restore-state.ts'
import { parseStored, parseStoredEvent } from '../store/stored-json.ts'
import { aroundKinds, type ReportEvidence } from './report-evidence.ts'

/** Loading, callbacks and release stand next to a transition, not in it. */
const edgeNs = 60_000_000_000n
const curvePoints = 400

type Span = { first: number; last: number }

/** Reads what a report of the transition `id` needs, or of the newest; undefined when there is none. */
export const readEvidence = (database: Database.Database, id?: string): ReportEvidence | undefined => {
  const queries = createQueries(database)
  const transition = id === undefined ? queries.transitions(1)[0] : queries.transition(id)
  const span = transition && ownSpan(database, transition.id)
  if (!transition || !span) return undefined
  const startNs = parseTime(transition.startedAt)
  const running = transition.outcome === 'running'
  const endNs =
    transition.endedAt === null
      ? timeNsOf(database, running ? null : span.last)
      : parseTime(transition.endedAt)
  const bounds = edges(database, span, startNs, endNs)
  const around = readAround(database, bounds, span)
  return {
    transition,
    before: restoreState(database, beginning(around, transition, span) - 1),
    after: running ? restoreState(database) : restoreState(database, settledSeq(database, bounds, span)),
    own: ownEvents(database, transition.id),
    around,
    findings: readFindings(database, startNs, endNs),
    // A line's end is a point of its own, a millisecond after the last.
    remaining: queries.series(remainingSeries, startNs, endNs + 2_000_000n, curvePoints),
    pastDurationsMs: readPastDurations(database, startNs),
  }
}

const ownSpan = (database: Database.Database, id: string): Span | undefined => {
  const bound = (side: 'min' | 'max') =>
    database.prepare(`SELECT ${side}(seq) FROM events WHERE transition_id = ?`).pluck().get(id) as
      | number
      | null
  const [first, last] = [bound('min'), bound('max')]
  return first === null || last === null ? undefined : { first, last }
}

/** Of an event, or of the newest. */
const timeNsOf = (database: Database.Database, seq: number | null): bigint =>
  BigInt(
    database
      .prepare('SELECT CAST(time_ns AS TEXT) FROM events WHERE seq <= ? ORDER BY seq DESC LIMIT 1')
      .pluck()
      .get(seq ?? Number.MAX_SAFE_INTEGER) as string,
  )

/** Between the transitions before and after it, no further than the edges reach. */
const edges = (database: Database.Database, span: Span, startNs: bigint, endNs: bigint): Span => {
  const neighbour = (order: 'DESC' | 'ASC', sign: '<' | '>') =>
    database
      .prepare(`SELECT id FROM transitions WHERE start_ns ${sign} ? ORDER BY start_ns ${order} LIMIT 1`)
      .pluck()
      .get(startNs) as string | undefined
  const previous = neighbour('DESC', '<')
  const next = neighbour('ASC', '>')
  const atTime = (order: 'DESC' | 'ASC', sign: '<=' | '>=', ns: bigint) =>
    database
      .prepare(`SELECT seq FROM events WHERE time_ns ${sign} ? ORDER BY time_ns ${order} LIMIT 1`)
      .pluck()
      .get(ns) as number | undefined
  return {
    first: Math.max(
      (previous === undefined ? 0 : (ownSpan(database, previous)?.last ?? 0)) + 1,
      atTime('ASC', '>=', startNs - edgeNs) ?? span.first,
    ),
    last: Math.min(
      (next === undefined ? Number.MAX_SAFE_INTEGER : (ownSpan(database, next)?.first ?? span.last + 1)) - 1,
      atTime('DESC', '<=', endNs + edgeNs) ?? span.last,
    ),
  }
}

const readAround = (database: Database.Database, bounds: Span, span: Span): Event[] => {
  const rows = database
    .prepare(
      `SELECT data FROM events INDEXED BY events_by_kind
       WHERE kind IN (${aroundKinds.map(() => '?').join(', ')}) AND seq BETWEEN ? AND ? ORDER BY seq`,
    )
    .all(...aroundKinds, bounds.first, bounds.last) as { data: string }[]
  return belonging(
    rows.map(({ data }) => parseStoredEvent(data)),
    span,
  )
}

/** Before it, what belongs to the end of another transition; after it, what belongs to the start of another. */
const belonging = (events: Event[], span: Span): Event[] =>
  events.filter((event) => {
    if (event.seq >= span.first && event.seq <= span.last) return true
    const isBefore = event.seq < span.first
    switch (event.kind) {
      case 'callback-called':
        return event.callback.startsWith('pre_') === isBefore
      case 'patch-loading':
      case 'callbacks-registered':
      case 'object-patched':
        return isBefore
      default:
        return !isBefore
    }
  })

/** The first sign of it: its patch begins to load, or a callback runs before it. */
const beginning = (around: Event[], transition: Transition, span: Span): number => {
  const signs = around.filter((event) => event.seq < span.first && event.patch === transition.patch)
  const loading = signs.filter((event) => event.kind === 'patch-loading').at(-1)
  return loading?.seq ?? signs[0]?.seq ?? span.first
}

/** The first count of shadow variables after the end, in which its callbacks' doings are counted. */
const settledSeq = (database: Database.Database, bounds: Span, span: Span): number =>
  (database
    .prepare(
      `SELECT seq FROM events WHERE seq > ? AND seq <= ? AND kind = 'shadow-counts' ORDER BY seq LIMIT 1`,
    )
    .pluck()
    .get(span.last, bounds.last) as number | undefined) ?? bounds.last

function* ownEvents(database: Database.Database, id: string): Generator<Event> {
  const rows = database
    .prepare('SELECT data FROM events WHERE transition_id = ? ORDER BY seq')
    .iterate(id) as IterableIterator<{ data: string }>
  for (const { data } of rows) yield parseStoredEvent(data)
}

const readFindings = (database: Database.Database, startNs: bigint, endNs: bigint): Finding[] => {
  const rows = database
    .prepare(
      'SELECT data FROM findings WHERE opened_ns <= ? AND (closed_ns IS NULL OR closed_ns >= ?) ORDER BY opened_ns',
    )
    .all(endNs, startNs) as { data: string }[]
  return rows.map(({ data }) => parseStored(data) as Finding)
}

const readPastDurations = (database: Database.Database, startNs: bigint): number[] =>
  database
    .prepare(
      `SELECT duration_ms FROM transitions
       WHERE start_ns < ? AND outcome = 'completed' AND reversals = 0 AND NOT forced
         AND json_extract(data, '$.startKnown') ORDER BY duration_ms`,
    )
    .pluck()
    .all(startNs) as number[]
