import type Database from 'better-sqlite3'
import type { CoreState } from '../core/core-state.ts'
import { formatTime } from '../core/time.ts'
import { restoreState } from './restore-state.ts'

/** A place in the record: an event's number and time. */
export type Position = { seq: number; time: string }

export type Past = {
  /** The first and the last event whose state can be told; null for a record without events. */
  bounds: () => { first: Position; last: Position } | null
  /** The last event, in order of the record, that is not later than `timeNs`; null before the first. */
  seqAt: (timeNs: bigint) => number | null
  /** The state the live daemon held after event `seq`. */
  stateAfter: (seq: number) => CoreState
}

/**
 * How much later than its own time an event may come into the record: some kinds are read seconds after what they
 * tell of happened. Of several moments with one time, after the clock was set back, it also makes the last one win.
 */
const latenessNs = 10_000_000_000n

/** Moments of a record. The order of events is that of `seq`: times may repeat and, when the clock is set, go back. */
export const createPast = (database: Database.Database): Past => {
  const edge = (order: 'ASC' | 'DESC', from = 0): Position | null => {
    const row = database
      .prepare(`SELECT seq, time_ns FROM events WHERE seq >= ? ORDER BY seq ${order} LIMIT 1`)
      .safeIntegers()
      .get(from) as { seq: bigint; time_ns: bigint } | undefined
    return row ? { seq: Number(row.seq), time: formatTime(row.time_ns) } : null
  }
  const before = database
    .prepare('SELECT time_ns FROM events WHERE time_ns <= ? ORDER BY time_ns DESC LIMIT 1')
    .safeIntegers()
  const lastWithin = database.prepare('SELECT max(seq) AS seq FROM events WHERE time_ns BETWEEN ? AND ?')
  const firstCheckpoint = database.prepare('SELECT min(seq) AS seq FROM checkpoints')
  let restored: CoreState | undefined

  return {
    bounds: () => {
      const last = edge('DESC')
      const oldest = edge('ASC')
      if (!last || !oldest) return null
      if (oldest.seq === 1) return { first: oldest, last }
      // What came before the oldest events kept is known from a checkpoint only.
      const { seq } = firstCheckpoint.get() as { seq: number | null }
      const first = seq === null ? null : edge('ASC', seq)
      return first && { first, last }
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
  }
}
