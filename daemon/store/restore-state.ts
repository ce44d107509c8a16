import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import { type CoreState, initialState } from '../core/core-state.ts'
import { reduce } from '../core/reduce.ts'
import { deserializeState } from './serialize-state.ts'

/** The state after event `seq` (default: the last): the checkpoint before it, and the events since folded in. */
export const restoreState = (database: Database.Database, seq = Number.MAX_SAFE_INTEGER): CoreState => {
  const checkpoint = database
    .prepare('SELECT state FROM checkpoints WHERE seq <= ? ORDER BY seq DESC LIMIT 1')
    .get(seq) as { state: string } | undefined
  let state = checkpoint ? deserializeState(checkpoint.state) : initialState
  const events = database
    .prepare('SELECT data FROM events WHERE seq > ? AND seq <= ? ORDER BY seq')
    .iterate(state.seq, seq) as IterableIterator<{ data: string }>
  for (const { data } of events) state = reduce(state, JSON.parse(data) as Event)[0]
  return state
}
