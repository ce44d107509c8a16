import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Transition } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import type { Step } from '../engine.ts'
import { serializeState } from './serialize-state.ts'

/** So many events from checkpoint to checkpoint. */
const checkpointEvery = 2_000

/** A step with its event as JSON. */
export type WrittenStep = Step & { text: string }

export type Writer = {
  /**
   * Writes steps in one transaction: all or none.
   * @param durable on disk when it returns: power may fail
   * @throws SqliteError
   */
  write: (steps: readonly WrittenStep[], durable: boolean) => void
  /** The state as it is after everything written: restart and time travel begin there. */
  checkpoint: (state: CoreState) => void
}

/** Writes steps to a record. */
export const createWriter = (database: Database.Database): Writer => {
  const write = prepareWrites(database)
  let written: (Transition | null)[] = []
  let sinceCheckpoint = 0

  const writeAll = database.transaction((steps: readonly WrittenStep[]) => {
    let last = written
    for (const { event, state, effects, text } of steps) {
      write.event(event, text)
      for (const effect of effects) {
        if (effect.kind === 'point') write.point(effect.name, effect.time, effect.value)
        else write.finding(effect.finding)
      }
      for (const transition of [state.lastTransition, state.transition]) {
        if (transition && !last.includes(transition)) write.transition(transition)
      }
      last = [state.lastTransition, state.transition]
    }
    return last
  })

  return {
    write: (steps, durable) => {
      const last = steps.at(-1)
      if (!last) return
      database.pragma(`synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
      written = writeAll(steps)
      sinceCheckpoint += steps.length
      if (sinceCheckpoint < checkpointEvery) return
      sinceCheckpoint = 0
      write.checkpoint(last.state)
    },
    checkpoint: write.checkpoint,
  }
}

const prepareWrites = (database: Database.Database) => {
  const insertEvent = database.prepare(
    'INSERT INTO events (seq, time_ns, mono_ns, kind, patch, transition_id, tid, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const upsertTransition = database.prepare(
    `INSERT INTO transitions (id, patch, direction, outcome, start_ns, end_ns, duration_ms, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET direction = excluded.direction, outcome = excluded.outcome,
       start_ns = excluded.start_ns, end_ns = excluded.end_ns, duration_ms = excluded.duration_ms, data = excluded.data`,
  )
  const upsertFinding = database.prepare(
    `INSERT INTO findings (id, rule, severity, subject, opened_ns, closed_ns, data) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, closed_ns = excluded.closed_ns, data = excluded.data`,
  )
  const insertSeries = database.prepare('INSERT INTO series (name) VALUES (?) ON CONFLICT DO NOTHING')
  const insertPoint = database.prepare(
    `INSERT INTO points (series_id, time_ns, value) SELECT id, ?, ? FROM series WHERE name = ?
     ON CONFLICT DO UPDATE SET value = excluded.value`,
  )
  const insertCheckpoint = database.prepare(
    'INSERT INTO checkpoints (seq, time_ns, state) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  return {
    event: (event: Event, text: string) =>
      insertEvent.run(
        event.seq,
        parseTime(event.time),
        BigInt(event.monoNs),
        event.kind,
        event.patch ?? null,
        event.transition ?? null,
        event.tid ?? null,
        text,
      ),
    transition: (transition: Transition) =>
      upsertTransition.run(
        transition.id,
        transition.patch,
        transition.direction,
        transition.outcome,
        parseTime(transition.startedAt),
        transition.endedAt === null ? null : parseTime(transition.endedAt),
        transition.durationMs,
        JSON.stringify(transition),
      ),
    finding: (finding: Finding) =>
      upsertFinding.run(
        finding.id,
        finding.rule,
        finding.severity,
        finding.subject,
        parseTime(finding.openedAt),
        finding.closedAt === null ? null : parseTime(finding.closedAt),
        JSON.stringify(finding),
      ),
    point: (name: string, time: string, value: number | null) => {
      insertSeries.run(name)
      insertPoint.run(parseTime(time), value, name)
    },
    checkpoint: (state: CoreState) =>
      insertCheckpoint.run(state.seq, parseTime(state.time), serializeState(state)),
  }
}
