import type { BlockedTask } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/**
 * A blocked task with the newest moment it was seen so. A snapshot takes from the blocked tasks whoever is not, so
 * those left were seen by the last one: said once for all of them, it costs nothing that they are thousands.
 */
export const withLastSeen = (
  task: BlockedTask,
  { taskCounts: { observedAt } }: Pick<CoreState, 'taskCounts'>,
): BlockedTask =>
  observedAt !== null && observedAt > task.lastSeen ? { ...task, lastSeen: observedAt } : task
