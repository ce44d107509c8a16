import type Database from 'better-sqlite3'
import { giveBackSpace, sizeOf } from './give-back-space.ts'
import type { Keep } from './keep.ts'
import { createProtection } from './protection.ts'
import { recordedSince } from './recorded-time.ts'
import { forgetDerived } from './retention-tables.ts'
import { stateVersion } from './serialize-state.ts'
import { thinCheckpoints } from './thin-checkpoints.ts'

/** Events are deleted so many at a time, which takes some milliseconds. */
const atOnce = 500
/** When a record has outgrown its bound, it is brought this far below, so that it is not at it again at once. */
const belowBound = 0.95

/**
 * Deletes what is older than wanted, the oldest first, a few milliseconds' work at a time. What is whole stays whole:
 * the record begins at a checkpoint. Of an open transition and of open findings nothing is deleted that tells of them.
 */
export type Retention = {
  /** Does the next piece of work. @returns whether there is more to do at once */
  step: () => boolean
}

export const createRetention = (database: Database.Database, keep: Keep): Retention => {
  const protection = createProtection(database)
  const one = (sql: string, ...values: unknown[]): number | null =>
    database
      .prepare(sql)
      .pluck()
      .get(...values) as number | null
  /** What is being gone through, how far, and whether that is all: the same need not be gone through again. */
  let sweeping = { what: '', cursor: 0, done: false }

  const keptFrom = (): number => one('SELECT kept_from_seq FROM retention') ?? 0

  const checkpointUpTo = (condition: string, value: bigint | number): number | null =>
    one(
      `SELECT seq FROM checkpoints WHERE version = ? AND ${condition} ORDER BY seq DESC LIMIT 1`,
      stateVersion,
      value,
    )

  /** The newest checkpoint that is too old itself; found by halving, as the age falls with the number. */
  const cutByAge = (from: number): number => {
    if (keep.days === null) return 0
    const keptNs = BigInt(Math.round(keep.days * 86_400e9))
    const seqs = database
      .prepare('SELECT seq FROM checkpoints WHERE version = ? AND seq > ? ORDER BY seq')
      .pluck()
      .all(stateVersion, from) as number[]
    let [old, young] = [-1, seqs.length]
    while (young - old > 1) {
      const middle = (old + young) >> 1
      if (recordedSince(database, seqs[middle] ?? 0) >= keptNs) old = middle
      else young = middle
    }
    return seqs[old] ?? 0
  }

  /** The checkpoint before which lies about what is too much; at least one checkpoint further than now. */
  const cutBySize = (from: number): number => {
    const bound = keep.mb === null ? Number.POSITIVE_INFINITY : keep.mb * 1_000_000
    const { usedBytes } = sizeOf(database)
    if (usedBytes <= bound) return 0
    const newest = one('SELECT max(seq) FROM events') ?? 0
    const oldest = Math.max(from, one('SELECT min(seq) FROM events') ?? 0)
    const share = 1 - (bound * belowBound) / usedBytes
    const wanted = checkpointUpTo('seq <= ?', Math.ceil(oldest + (newest - oldest) * share)) ?? 0
    if (wanted > from) return wanted
    return one('SELECT min(seq) FROM checkpoints WHERE version = ? AND seq > ?', stateVersion, from) ?? 0
  }

  const moveBeginning = (to: number): void => {
    database.transaction(() => {
      database.exec('DELETE FROM retention')
      database.prepare('INSERT INTO retention VALUES (?)').run(to)
    })()
  }

  /** Deletes some of the events and checkpoints before the beginning. @returns whether there are more */
  const sweep = (upTo: number): boolean => {
    const { key, transitions, events, from, to } = protection.now()
    const what = `${upTo} ${key}`
    if (sweeping.what !== what) sweeping = { what, cursor: 0, done: false }
    if (sweeping.done) return false
    const { cursor } = sweeping
    const last = one(
      'SELECT max(seq) FROM (SELECT seq FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?)',
      cursor,
      upTo,
      atOnce,
    )
    if (last === null) {
      database.prepare('DELETE FROM checkpoints WHERE seq < ? AND seq != ?').run(upTo, from)
      sweeping.done = true
      return false
    }
    database
      .prepare(
        `DELETE FROM events WHERE seq > ? AND seq <= ? AND NOT (seq > ? AND seq <= ?)
           AND (transition_id IS NULL OR transition_id NOT IN (SELECT value FROM json_each(?)))
           AND seq NOT IN (SELECT value FROM json_each(?))`,
      )
      .run(cursor, last, from, to, JSON.stringify(transitions), JSON.stringify(events))
    sweeping.cursor = last
    return true
  }

  return {
    step: () => {
      const from = keptFrom()
      if (from > 0 && sweep(from)) return true
      if (from > 0 && forgetDerived(database, from)) return true
      if (giveBackSpace(database)) return true
      if (thinCheckpoints(database, from)) return true
      const cut = Math.max(cutByAge(from), cutBySize(from))
      if (cut <= from) return false
      moveBeginning(cut)
      return true
    },
  }
}
