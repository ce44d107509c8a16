import type Database from 'better-sqlite3'
import type { State } from '../contract/state.ts'
import type { Position, StepDirection, StepTarget, TimelineStep } from '../contract/timeline.ts'
import type { CoreState } from '../core/core-state.ts'
import { formatTime } from '../core/time.ts'
import { view } from '../core/view.ts'
import { restoreState } from './restore-state.ts'
import { createTimelines, type Timelines } from './timeline.ts'
import { findStep } from './timeline-steps.ts'

export type Past = {
  /**
   * The first and the last event whose state can be told; null for a record without events. `observed`: the last one
   * before the tracer was stopped for good.
   */
  bounds: () => { first: Position; last: Position; observed: Position } | null
  /** The last event, in order of the record, that is not later than `timeNs`; null before the first. */
  seqAt: (timeNs: bigint) => number | null
  /** The state the live daemon held after event `seq`. */
  stateAfter: (seq: number) => CoreState
  viewAfter: (seq: number) => State
  /** The step from after event `seq`, or from a time; null when there is none. */
  step: (
    from: { seq: number } | { timeNs: bigint },
    direction: StepDirection,
    target: StepTarget,
  ) => TimelineStep | null
} & Timelines

/**
 * How much later than its own time an event may come into the record: some kinds are read seconds after what they
 * tell of happened. Of several moments with one time, after the clock was set back, it also makes the last one win.
 */
const latenessNs = 10_000_000_000n

/**
 * Moments of a record. A state follows from all events up to a seq, the order in which they were read; what is shown
 * one after another goes by time, those of one time by seq: see moment.ts for the state that belongs to such a place.
 */
export const createPast = (database: Database.Database): Past => {
  const positionIn = (row: unknown): Position | null => {
    if (row === undefined) return null
    const { seq, time_ns } = row as { seq: bigint; time_ns: bigint }
    return { seq: Number(seq), time: formatTime(time_ns) }
  }
  const edge = (order: 'ASC' | 'DESC', from = 0): Position | null =>
    positionIn(
      database
        .prepare(`SELECT seq, time_ns FROM events WHERE seq >= ? ORDER BY seq ${order} LIMIT 1`)
        .safeIntegers()
        .get(from),
    )
  const lastSeen = database
    .prepare("SELECT seq, time_ns FROM events WHERE kind <> 'tracer-stopped' ORDER BY seq DESC LIMIT 1")
    .safeIntegers()
  const before = database
    .prepare('SELECT time_ns FROM events WHERE time_ns <= ? ORDER BY time_ns DESC LIMIT 1')
    .safeIntegers()
  const lastWithin = database.prepare('SELECT max(seq) AS seq FROM events WHERE time_ns BETWEEN ? AND ?')
  const firstCheckpoint = database.prepare('SELECT min(seq) AS seq FROM checkpoints')
  const keptFrom = database.prepare('SELECT kept_from_seq AS seq FROM retention')
  let restored: CoreState | undefined
  const timeOf = (seq: number): bigint | null => {
    const row = database.prepare('SELECT time_ns FROM events WHERE seq = ?').safeIntegers().get(seq) as
      | { time_ns: bigint }
      | undefined
    return row?.time_ns ?? null
  }

  const past: Past = {
    ...createTimelines(database),
    bounds: () => {
      const last = edge('DESC')
      const oldest = edge('ASC')
      if (!last || !oldest) return null
      const kept = keptFrom.get() as { seq: number } | undefined
      const observed = positionIn(lastSeen.get()) ?? last
      if (!kept && oldest.seq === 1) return { first: oldest, last, observed }
      // What came before the oldest events kept is known from a checkpoint only.
      const { seq } = kept ?? (firstCheckpoint.get() as { seq: number | null })
      const first = seq === null ? null : edge('ASC', seq)
      return first && { first, last, observed: observed.seq < first.seq ? last : observed }
    },
    seqAt: (timeNs) => {
      const row = before.get(timeNs) as { time_ns: bigint } | undefined
      if (!row) return null
      return (lastWithin.get(row.time_ns - latenessNs, timeNs) as { seq: number }).seq
    },
    stateAfter: (seq) => {
      restored = restoreState(database, seq, restored)
      return restored
    },
    viewAfter: (seq) => view(past.stateAfter(seq)),
    step: (from, direction, target) => {
      if ('seq' in from) {
        const timeNs = timeOf(from.seq)
        return timeNs === null ? null : findStep(database, { seq: from.seq, timeNs }, direction, target)
      }
      const { timeNs } = from
      // All that happened at this time has happened.
      const { seq } = lastWithin.get(timeNs, timeNs) as { seq: number | null }
      return findStep(database, { seq: seq ?? 0, timeNs }, direction, target)
    },
  }
  return past
}
