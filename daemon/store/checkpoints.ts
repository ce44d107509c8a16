import { deflateSync, inflateSync } from 'node:zlib'
import type Database from 'better-sqlite3'
import type { CoreState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import type { Step } from '../engine.ts'
import { deserializeState, serializeState, stateVersion } from './serialize-state.ts'

/** Restoring the state at a moment folds from one checkpoint to the next at most: some 30 ms on a machine that is not busy. */
const apartUs = 15_000
/** Where a checkpoint is larger than the events since the last one, they lie further apart, but not more than this. */
const farthestApartUs = 150_000

/**
 * A measure of the work of reading and folding an event, the same on every machine; about half of what it takes. It
 * does not depend on the state: in a stall of thousands of tasks a checkpoint is long, and must not come more often.
 */
export const foldCostUs = (textBytes: number): number => 10 + textBytes / 50

export type CheckpointWriter = {
  /** Takes notice of a written event, and makes a checkpoint of its state when one is due. */
  take: (step: Step, textBytes: number) => void
  write: (state: CoreState) => void
}

/** Writes a checkpoint now and then: so often that folding from one is quick, so rarely that they take little room. */
export const createCheckpointWriter = (database: Database.Database): CheckpointWriter => {
  const insert = database.prepare(
    `INSERT INTO checkpoints (seq, time_ns, version, cost_us, state) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (seq) DO UPDATE SET version = excluded.version, state = excluded.state`,
  )
  let costUs = 0
  let eventBytes = 0
  let lastBytes = 0
  const write = (state: CoreState): void => {
    const deflated = deflateSync(serializeState(state), { level: 3 })
    insert.run(state.seq, parseTime(state.time), stateVersion, Math.round(costUs), deflated)
    costUs = 0
    eventBytes = 0
    lastBytes = deflated.length
  }
  return {
    take: (step, textBytes) => {
      costUs += foldCostUs(textBytes)
      eventBytes += textBytes
      if (costUs < apartUs || (eventBytes < lastBytes && costUs < farthestApartUs)) return
      write(step.state)
    },
    write,
  }
}

/**
 * The newest checkpoint of a state after `afterSeq` up to `seq` that can be read; undefined when there is none of this
 * form: what follows from events can be folded from an older one as well.
 */
export const readCheckpoint = (
  database: Database.Database,
  afterSeq: number,
  seq: number,
): CoreState | undefined => {
  const rows = database
    .prepare(
      'SELECT seq, state FROM checkpoints WHERE seq > ? AND seq <= ? AND version = ? ORDER BY seq DESC',
    )
    .iterate(afterSeq, seq, stateVersion) as IterableIterator<{ seq: number; state: Buffer }>
  for (const { seq: at, state } of rows) {
    const readable = readState(state)
    if (readable?.seq === at) return readable
  }
  return undefined
}

/** A state of 100,000 tasks takes half of it; what unpacks to more is none. */
const largestStateBytes = 32_000_000

const readState = (deflated: Buffer): CoreState | undefined => {
  try {
    return deserializeState(inflateSync(deflated, { maxOutputLength: largestStateBytes }).toString())
  } catch {
    return undefined
  }
}
