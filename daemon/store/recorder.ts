import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Transition } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import type { Step } from '../engine.ts'
import { serializeState } from './serialize-state.ts'

/** Steps wait at most this long before they are written. */
const flushMs = 50
const flushCount = 1_000
const checkpointMs = 30_000

export type Recorder = {
  record: (step: Step) => void
  /** Writes what waits, and a checkpoint. */
  close: () => void
}

/** Writes steps to the database, many at a time. */
export const createRecorder = (database: Database.Database, onError: (error: unknown) => void): Recorder => {
  const write = prepareWrites(database)
  let waiting: Step[] = []
  let timer: NodeJS.Timeout | undefined
  let written: (Transition | null)[] = []
  let checkpointAt = Date.now()

  const writeAll = database.transaction((steps: Step[]) => {
    for (const { event, state, effects } of steps) {
      write.event(event)
      for (const effect of effects) {
        if (effect.kind === 'point') write.point(effect.name, effect.time, effect.value)
        else write.finding(effect.finding)
      }
      for (const transition of [state.lastTransition, state.transition]) {
        if (transition && !written.includes(transition)) write.transition(transition)
      }
      written = [state.lastTransition, state.transition]
    }
  })

  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length === 0) return
    const steps = waiting
    waiting = []
    try {
      writeAll(steps)
      const last = steps.at(-1)
      if (last && Date.now() - checkpointAt >= checkpointMs) {
        checkpointAt = Date.now()
        write.checkpoint(last.state)
      }
    } catch (error) {
      onError(error)
    }
  }

  return {
    record: (step) => {
      waiting.push(step)
      if (waiting.length >= flushCount) flush()
      else timer ??= setTimeout(flush, flushMs)
    },
    close: () => {
      const last = waiting.at(-1)
      flush()
      if (last) write.checkpoint(last.state)
      database.close()
    },
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
    event: (event: Event) =>
      insertEvent.run(
        event.seq,
        parseTime(event.time),
        BigInt(event.monoNs),
        event.kind,
        event.patch ?? null,
        event.transition ?? null,
        event.tid ?? null,
        JSON.stringify(event),
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
