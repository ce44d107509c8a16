import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import { type CoreState, initialState } from '../core/core-state.ts'
import { reduce } from '../core/reduce.ts'
import { deserializeState } from './serialize-state.ts'

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
  const checkpoint = database
    .prepare('SELECT state FROM checkpoints WHERE seq <= ? AND seq > ? ORDER BY seq DESC LIMIT 1')
    .get(seq, start.seq) as { state: string } | undefined
  let state = checkpoint ? deserializeState(checkpoint.state) : start
  const events = database
    .prepare('SELECT data FROM events WHERE seq > ? AND seq <= ? ORDER BY seq')
    .iterate(state.seq, seq) as IterableIterator<{ data: string }>
  for (const { data } of events) state = reduce(state, JSON.parse(data) as Event)[0]
  return state
}
