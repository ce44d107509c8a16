import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import type { CoreState } from '../core/core-state.ts'
import { reduce } from '../core/reduce.ts'
import { openDatabase } from './open-database.ts'
import { restoreState } from './restore-state.ts'
import { deserializeState, serializeState } from './serialize-state.ts'
import { createWriter, type Writer, type WrittenStep } from './writer.ts'
import { lockForWriting } from './writer-lock.ts'

/** What the writing thread is asked for. States pass as serializeState gives them, events as JSON. */
export type RecordFile = {
  /** Opens the record and takes the lock on it; the state to go on from. @throws UserError */
  open: () => string
  /**
   * Folds events and writes them with all that follows from them, in one transaction.
   * @param durable on disk when it returns
   * @throws SqliteError; then nothing of it was written
   */
  write: (events: readonly string[], durable: boolean) => void
  /** Goes on from another state, after a hole in the events. */
  adopt: (state: string) => void
  close: () => void
}

type Opened = { database: Database.Database; lock: Database.Database; writer: Writer }

/**
 * The record as its writing thread keeps it. Events are all it is told: it folds them itself, so that the
 * thread that observes never waits for a state to be copied.
 */
export const createRecordFile = (file: string): RecordFile => {
  let opened: Opened | undefined
  let state: CoreState

  const fold = (events: readonly string[]): WrittenStep[] => {
    let folded = state
    return events.map((text) => {
      const event = JSON.parse(text) as Event
      const [next, effects] = reduce(folded, event)
      folded = next
      return { event, state: next, effects, text }
    })
  }

  const isOpen = (): Opened => {
    if (!opened) throw new Error('the record is not open')
    return opened
  }

  return {
    open: () => {
      const database = openDatabase(file)
      try {
        opened = { database, lock: lockForWriting(file), writer: createWriter(database) }
        state = restoreState(database)
        return serializeState(state)
      } catch (error) {
        opened?.lock.close()
        database.close()
        throw error
      }
    },
    write: (events, durable) => {
      const steps = fold(events)
      isOpen().writer.write(state, steps, durable)
      state = steps.at(-1)?.state ?? state
    },
    adopt: (text) => {
      const adopted = deserializeState(text)
      isOpen().writer.checkpoint(adopted)
      state = adopted
    },
    close: () => {
      if (!opened) return
      if (state.seq > 0) opened.writer.checkpoint(state)
      opened.database.close()
      opened.lock.close()
      opened = undefined
    },
  }
}
