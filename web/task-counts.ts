import type { TaskCounts } from '../daemon/contract/state.ts'

export type KnownCounts = Record<'total' | 'patched' | 'unpatched' | 'undefined' | 'idle', number | null>

/**
 * The counts with null for what was not observed. Before the first snapshot every count is 0 by default, and a
 * snapshot from /proc cannot contain idle tasks: neither zero may be shown as one.
 */
export function knownCounts(tasks: TaskCounts): KnownCounts {
  if (tasks.source === null || tasks.total === null) {
    return { total: tasks.total, patched: null, unpatched: null, undefined: null, idle: null }
  }
  const { total, patched, unpatched, undefined: notConcerned, idle } = tasks
  return { total, patched, unpatched, undefined: notConcerned, idle: tasks.source === 'procfs' ? null : idle }
}
