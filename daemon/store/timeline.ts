import type Database from 'better-sqlite3'
import type { EventOf } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Transition } from '../contract/state.ts'
import type { Run, Timeline } from '../contract/timeline.ts'
import { formatTime } from '../core/time.ts'
import { createGapReader } from './read-gaps.ts'
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

  const readGaps = createGapReader(database)

  return {
    runs: (limit) =>
      all<EventOf<'tracer-started'>>(
        "SELECT data FROM events WHERE kind = 'tracer-started' ORDER BY seq DESC LIMIT ?",
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
      const missed = readGaps().between(formatTime(fromNs), formatTime(toNs), listed + 1)
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
        gaps: newest(missed),
        truncated: [transitions, findings, missed].some((list) => list.length > listed),
      }
    },
  }
}
