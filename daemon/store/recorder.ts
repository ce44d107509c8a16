import type Database from 'better-sqlite3'
import type { CoreState } from '../core/core-state.ts'
import type { Step } from '../engine.ts'
import { restoreState } from './restore-state.ts'
import { createWriter, type WrittenStep } from './writer.ts'

const writtenAtOnce = 1_000

export type Recorder = {
  record: (step: Step) => void
  /** Writes what waits, and a checkpoint. */
  end: () => void
  /** Ends, and closes the database. */
  close: () => void
}

/** Writes steps to a record from this thread, many at a time: for a record that is made in one go. */
export const createRecorder = (database: Database.Database): Recorder => {
  const writer = createWriter(database)
  let waiting: WrittenStep[] = []
  let written: CoreState | undefined
  let last: CoreState | undefined
  const flush = (): void => {
    writer.write(written ?? restoreState(database), waiting, false)
    waiting = []
    written = last
  }
  const end = (): void => {
    flush()
    if (last) writer.checkpoint(last)
  }
  return {
    record: (step) => {
      last = step.state
      waiting.push({ ...step, text: JSON.stringify(step.event) })
      if (waiting.length >= writtenAtOnce) flush()
    },
    end,
    close: () => {
      end()
      database.close()
    },
  }
}
