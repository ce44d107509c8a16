import type { BlockedTask } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/** Blocked tasks, longest first. */
export const blockedLongestFirst = (state: CoreState): BlockedTask[] =>
  [...state.blocked.values()].sort((a, b) => a.since.localeCompare(b.since) || a.tid - b.tid)

/** Who is in the way, in a few words: `1 task blocks it: klpt-sleeper (231), sleeping on klpt_sleep()`. */
export const blockers = (state: CoreState): string => {
  const tasks = blockedLongestFirst(state)
  const [first] = tasks
  if (!first) return 'which task blocks it is not known yet'
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
