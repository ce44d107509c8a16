import type Database from 'better-sqlite3'
import { type CoreState, initialState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import { createCheckpointWriter } from './checkpoints.ts'
import { createDerivedTables } from './derived-tables.ts'
import { foldTexts } from './fold-texts.ts'
import { stateVersion } from './serialize-state.ts'
import { takePage } from './take-page.ts'
import { createTransitionRenewer } from './write-transitions.ts'

const atOnce = 2_000

/**
 * Folds all events of a record anew and makes its checkpoints again; with `tables` also what follows from the events,
 * for tables that were empty before; without, the transitions in it get what this version knows of them.
 */
export const refold = (database: Database.Database, { tables }: { tables: boolean }): void => {
  const page = database.prepare('SELECT data FROM events WHERE seq > ? ORDER BY seq LIMIT ?')
  const derived = tables ? createDerivedTables(database) : createTransitionRenewer(database)
  const checkpoints = createCheckpointWriter(database)
  database.exec('DELETE FROM checkpoints')
  let state: CoreState = initialState
  for (;;) {
    const rows = takePage(page.iterate(state.seq, atOnce) as IterableIterator<{ data: string }>)
    if (rows.length === 0) break
    const texts = rows.map(({ data }) => data)
    for (const step of foldTexts(state, texts)) {
      derived.take(state, step, parseTime(step.event.time))
      checkpoints.take(step, step.text.length)
      state = step.state
    }
    derived.flush?.()
  }
  if (state.seq > 0) checkpoints.write(state)
}

/** Whether the states a record holds are of another form than this program's. */
export const isOfOtherForm = (database: Database.Database): boolean =>
  database.prepare('SELECT 1 FROM checkpoints').get() !== undefined &&
  database.prepare('SELECT 1 FROM checkpoints WHERE version = ?').get(stateVersion) === undefined
