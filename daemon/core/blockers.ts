import type { BlockedTask } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/** Blocked tasks, longest first. */
export const blockedLongestFirst = (state: CoreState): BlockedTask[] =>
  [...state.blocked.values()].sort(longestFirst)

const longestFirst = (a: BlockedTask, b: BlockedTask): number =>
  a.since === b.since ? a.tid - b.tid : a.since < b.since ? -1 : 1

/** Who is in the way, in a few words: `1 task blocks it: klpt-sleeper (231), sleeping on klpt_sleep()`. */
export const blockers = (state: CoreState): string => {
  // Not sorted: this is asked after every event, and there may be thousands.
  const tasks = [...state.blocked.values()]
  if (tasks.length === 0) return 'which task blocks it is not known yet'
  const first = tasks.reduce((longest, task) => (longestFirst(task, longest) < 0 ? task : longest))
  const name = `${first.comm} (${first.tid})${because(first)}`
  return tasks.length === 1 ? `1 task blocks it: ${name}` : `${tasks.length} tasks block it, longest ${name}`
}

const because = (task: BlockedTask): string => {
  switch (task.reason) {
    case 'sleeping-on-function':
      return `, sleeping on ${task.function ?? 'a patched function'}`
    case 'running':
      return ', always running on a CPU'
    case 'unreliable-stack':
      return `, stack not reliable${task.blame ? ` because of ${task.blame}` : ''}`
    case 'unknown':
      return ''
  }
}
