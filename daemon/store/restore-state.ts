import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import { type CoreState, initialState } from '../core/core-state.ts'
import { reduce } from '../core/reduce.ts'
import { readCheckpoint } from './checkpoints.ts'

/**
 * The state after event `seq` (default: the last): the checkpoint before it, and the events since folded in.
 * @param known a state of the same record: the fold begins there when that is nearer
 */
export const restoreState = (
  database: Database.Database,
  seq = Number.MAX_SAFE_INTEGER,
  known: CoreState = initialState,
): CoreState => {
  const start = known.seq <= seq ? known : initialState
  let state = readCheckpoint(database, start.seq, seq) ?? start
  const events = database
    .prepare('SELECT data FROM events WHERE seq > ? AND seq <= ? ORDER BY seq')
    .iterate(state.seq, seq) as IterableIterator<{ data: string }>
  for (const { data } of events) state = reduce(state, JSON.parse(data) as Event)[0]
  return state
}
