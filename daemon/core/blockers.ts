import type { BlockedTask, Transition } from '../contract/state.ts'
import { phaseOf } from '../words/phases.ts'
import type { CoreState } from './core-state.ts'
import { withLastSeen } from './last-seen.ts'

/** Blocked tasks, longest first: the order in which they became blocked. @param most how many of them */
export const blockedLongestFirst = ({ blocked, taskCounts }: CoreState, most: number): BlockedTask[] =>
  blocked
    .valueSeq()
    .take(most)
    .map((task) => withLastSeen(task, { taskCounts }))
    .toArray()

/** The one that is blocked longest. */
export const longestBlocked = ({ blocked }: CoreState): BlockedTask | undefined => blocked.first()

/** Who is in the way, in a few words: `1 task blocks it: klpt-sleeper (231), sleeping on klpt_sleep()`. */
export const blockers = (state: CoreState): string => {
  const first = longestBlocked(state)
  if (!first) return 'which task blocks it is not known yet'
  const { size } = state.blocked
  const name = `${first.comm} (${first.tid})${because(first)}`
  return size === 1 ? `1 task blocks it: ${name}` : `${size} tasks block it, longest ${name}`
}

/** What takes a running transition's time: the kernel itself, before its first try and in the end, or tasks. */
export const heldUpBy = (state: CoreState, transition: Transition): string => {
  switch (phaseOf(transition)) {
    case 'waiting':
      return "the kernel's first try to switch the tasks has not ended yet"
    case 'tasks':
      return blockers(state)
    case 'finishing':
      return 'every task has switched; the kernel is finishing (ftrace, RCU, callbacks)'
  }
}

const because = (task: BlockedTask): string => {
  switch (task.reason) {
    case 'sleeping-on-function':
      return `, sleeping on ${task.function ?? 'a patched function'}`
    case 'running':
      return ', running on a CPU at every try'
    case 'unreliable-stack':
      return `, its stack cannot be unwound${task.blame ? ` because of ${task.blame}` : ''}`
    case 'unknown':
      return ''
  }
}
