import type Database from 'better-sqlite3'
import type { CoreState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import type { Step } from '../engine.ts'
import { type CheckpointWriter, createCheckpointWriter } from './checkpoints.ts'
import { createDerivedTables } from './derived-tables.ts'
import type { TableWriter } from './table-writer.ts'

/** A step with its event as JSON. */
export type WrittenStep = Step & { text: string }

export type Writer = {
  /**
   * Writes steps, and all that follows from them, in one transaction: all or none.
   * @param before the state the first of them met
   * @param durable on disk when it returns: power may fail
   * @throws SqliteError
   */
  write: (before: CoreState, steps: readonly WrittenStep[], durable: boolean) => void
  /** Restart and time travel can begin at this state, which is that after everything written. */
  checkpoint: (state: CoreState) => void
}

/** Writes steps to a record. */
export const createWriter = (database: Database.Database): Writer => {
  const insertEvent = database.prepare(
    'INSERT INTO events (seq, time_ns, mono_ns, kind, patch, transition_id, tid, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const forgetUnsorted = database.prepare('DELETE FROM unsorted WHERE last_seq <= ?')
  let tables: TableWriter | undefined
  let checkpoints: CheckpointWriter | undefined

  const writeAll = database.transaction((before: CoreState, steps: readonly WrittenStep[]) => {
    tables ??= createDerivedTables(database)
    checkpoints ??= createCheckpointWriter(database)
    let last = before
    for (const step of steps) {
      const { event, state, text } = step
      const timeNs = parseTime(event.time)
      insertEvent.run(
        event.seq,
        timeNs,
        BigInt(event.monoNs),
        event.kind,
        event.patch ?? null,
        event.transition ?? null,
        event.tid ?? null,
        text,
      )
      tables.take(last, step, timeNs)
      checkpoints.take(step, text.length)
      last = state
    }
    tables.flush?.()
    forgetUnsorted.run(last.seq)
  })

  return {
    write: (before, steps, durable) => {
      if (steps.length === 0) return
      database.pragma(`synchronous = ${durable ? 'FULL' : 'NORMAL'}`)
      try {
        writeAll(before, steps)
      } catch (error) {
        // What they remember to have written was rolled back.
        tables = undefined
        checkpoints = undefined
        throw error
      }
    },
    checkpoint: (state) => {
      checkpoints ??= createCheckpointWriter(database)
      checkpoints.write(state)
    },
  }
}
