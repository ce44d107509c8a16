import type Database from 'better-sqlite3'
import { type CoreState, initialState } from '../core/core-state.ts'
import { reduce } from '../core/reduce.ts'
import { formatTime } from '../core/time.ts'
import { readCheckpoint } from './checkpoints.ts'
import { stateVersion } from './serialize-state.ts'
import { parseStoredEvent } from './stored-json.ts'

/**
 * The state after event `seq` (default: the last): the checkpoint before it, and the events since folded in.
 * @param known a state of the same record: the fold begins there when that is nearer
 * @throws SyntaxError when what the record holds cannot be read
 */
export const restoreState = (
  database: Database.Database,
  seq = Number.MAX_SAFE_INTEGER,
  known: CoreState = initialState,
): CoreState => {
  const start = known.seq <= seq ? known : initialState
  const checkpoint = readCheckpoint(database, start.seq, seq)
  if (!checkpoint && start === initialState) requireBeginning(database, seq)
  let state = checkpoint ?? start
  const events = database
    .prepare('SELECT seq, data FROM events WHERE seq > ? AND seq <= ? ORDER BY seq')
    .iterate(state.seq, seq) as IterableIterator<{ seq: number; data: string }>
  for (const event of events) state = fold(state, event)
  return state
}

/**
 * The state to go on from when a record is written: that after its last event or, where what it holds cannot be read,
 * an empty one of the same number. `unreadable` tells what.
 */
export const restoreOrBegin = (
  database: Database.Database,
  lastSeq: number,
): { state: CoreState; unreadable: string | null } => {
  try {
    return { state: restoreState(database), unreadable: null }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const time = database
      .prepare('SELECT time_ns FROM events WHERE seq = ?')
      .pluck()
      .safeIntegers()
      .get(lastSeq)
    const at = typeof time === 'bigint' ? { time: formatTime(time) } : {}
    return { state: { ...initialState, ...at, seq: lastSeq }, unreadable: error.message }
  }
}

const fold = (state: CoreState, { seq, data }: { seq: number; data: string }): CoreState => {
  try {
    return reduce(state, parseStoredEvent(data))[0]
  } catch (error) {
    throw new SyntaxError(`event ${seq}: ${(error as Error).message}`)
  }
}

/** Of a record whose beginning was deleted, the state that it begins with is in a checkpoint only. */
const requireBeginning = (database: Database.Database, seq: number): void => {
  const first = database.prepare('SELECT min(seq) FROM events').pluck().get() as number | null
  const unread = database
    .prepare('SELECT 1 FROM checkpoints WHERE seq <= ? AND version = ?')
    .get(seq, stateVersion)
  if (first !== null && first > 1 && unread !== undefined)
    throw new SyntaxError('the state that it begins with')
}
