import type { BlockedTask } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

const sorted = new WeakMap<CoreState['blocked'], readonly BlockedTask[]>()

/** Blocked tasks, longest first. Sorted once for each table: there may be thousands, shown ten times a second. */
export const blockedLongestFirst = ({ blocked }: CoreState): readonly BlockedTask[] => {
  const known = sorted.get(blocked) ?? [...blocked.values()].sort(longestFirst)
  sorted.set(blocked, known)
  return known
}

/** The one that is blocked longest. */
export const longestBlocked = ({ blocked }: CoreState): BlockedTask | undefined => {
  let longest: BlockedTask | undefined
  for (const task of blocked.values()) {
    if (!longest || longestFirst(task, longest) < 0) longest = task
  }
  return longest
}

const longestFirst = (a: BlockedTask, b: BlockedTask): number =>
  a.since === b.since ? a.tid - b.tid : a.since < b.since ? -1 : 1

/** Who is in the way, in a few words: `1 task blocks it: klpt-sleeper (231), sleeping on klpt_sleep()`. */
export const blockers = (state: CoreState): string => {
  const first = longestBlocked(state)
  if (!first) return 'which task blocks it is not known yet'
  const { size } = state.blocked
  const name = `${first.comm} (${first.tid})${because(first)}`
  return size === 1 ? `1 task blocks it: ${name}` : `${size} tasks block it, longest ${name}`
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
