import type Database from 'better-sqlite3'
import type { EventOf } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Transition } from '../contract/state.ts'
import type { Gap, Run, Timeline } from '../contract/timeline.ts'
import { formatTime, parseTime } from '../core/time.ts'
import { parseStored } from './stored-json.ts'

const listed = 1_000

export type Timelines = {
  /** Runs of the daemon, oldest first, so many of the newest. */
  runs: (limit: number) => Run[]
  timeline: (fromNs: bigint, toNs: bigint) => Timeline
}

/** What a time bar draws of a record. */
export const createTimelines = (database: Database.Database): Timelines => {
  const all = <T>(sql: string, ...values: unknown[]): T[] =>
    (database.prepare(sql).all(...values) as { data: string }[]).map((row) => parseStored(row.data) as T)

  const newestGaps = database.prepare(
    // The first condition as it stands is that of the index.
    `SELECT data FROM events WHERE kind IN ('tracer-started', 'tracer-gap') AND kind = 'tracer-gap' AND time_ns >= ?
     ORDER BY seq DESC`,
  )

  /** The newest that reach into the range. When one begins is not in its row: each is looked at before any is left out. */
  const gapsBetween = (fromNs: bigint, toNs: bigint): Gap[] => {
    const gaps: Gap[] = []
    for (const { data } of newestGaps.iterate(fromNs) as IterableIterator<{ data: string }>) {
      const event = parseStored(data) as EventOf<'tracer-gap'>
      const from = gapStart(event)
      if (parseTime(from) > toNs) continue
      gaps.push({ source: event.source, from, to: event.time, reason: event.reason })
      if (gaps.length > listed) break
    }
    return gaps
  }

  /** The clock may have been set in the middle of a gap between two runs, and after a reboot another one runs. */
  const gapStart = (event: EventOf<'tracer-gap'>): string => {
    const lengthNs = BigInt(event.toMonoNs) - BigInt(event.fromMonoNs)
    const start = formatTime(parseTime(event.time) - lengthNs)
    if (event.source !== 'daemon') return start
    const before = database
      .prepare(
        `SELECT time_ns FROM events WHERE seq < ? AND kind NOT IN ('tracer-started', 'clock-mapped')
         ORDER BY seq DESC LIMIT 1`,
      )
      .safeIntegers()
      .get(event.seq) as { time_ns: bigint } | undefined
    return before ? formatTime(before.time_ns) : start
  }

  return {
    // Both kinds, as the index events_of_runs has them: SQLite uses a partial index only for its own words.
    runs: (limit) =>
      all<EventOf<'tracer-started'>>(
        `SELECT data FROM events WHERE kind IN ('tracer-started', 'tracer-gap') AND kind = 'tracer-started'
         ORDER BY seq DESC LIMIT ?`,
        limit,
      )
        .reverse()
        .map(({ seq, time, hostname, kernel, bootId, version }) => ({
          seq,
          time,
          hostname,
          kernel,
          bootId,
          version,
        })),

    timeline: (fromNs, toNs) => {
      const transitions = all<Transition>(
        `SELECT data FROM transitions WHERE start_ns <= ? AND (end_ns IS NULL OR end_ns >= ?)
         ORDER BY start_ns DESC LIMIT ?`,
        toNs,
        fromNs,
        listed + 1,
      )
      const findings = all<Finding>(
        `SELECT data FROM findings WHERE opened_ns <= ? AND (closed_ns IS NULL OR closed_ns >= ?)
         ORDER BY opened_ns DESC LIMIT ?`,
        toNs,
        fromNs,
        listed + 1,
      )
      const gaps = gapsBetween(fromNs, toNs)
      const newest = <T>(list: T[]): T[] => list.slice(0, listed).reverse()
      return {
        from: formatTime(fromNs),
        to: formatTime(toNs),
        transitions: newest(transitions).map(
          ({ id, patch, direction, outcome, startedAt, startKnown, endedAt, durationMs }) => ({
            id,
            patch,
            direction,
            outcome,
            startedAt,
            startKnown,
            endedAt,
            durationMs,
          }),
        ),
        findings: newest(findings).map(({ id, rule, severity, subject, summary, openedAt, closedAt }) => ({
          id,
          rule,
          severity,
          subject,
          summary,
          openedAt,
          closedAt,
        })),
        gaps: newest(gaps),
        truncated: [transitions, findings, gaps].some((list) => list.length > listed),
      }
    },
  }
}
