import type { BlockedTask, Transition } from '../contract/state.ts'
import { writeEnabled, writeForce } from '../words/livepatch-commands.ts'
import { phaseOf } from '../words/phases.ts'
import { longestBlocked } from './blockers.ts'
import type { CoreState } from './core-state.ts'
import { type AdviceContext, adviseOnTask, neverSwitches } from './task-advice.ts'

/** A task that never switches is looked for among so many. */
const lookedThrough = 200

/**
 * What to do about a transition that does not end: the mildest thing first, and what the harsh ones cost. While no
 * task is in the way there is nothing to do but wait: `enabled` and `force` take klp_mutex, which the kernel holds from
 * the start to the end of the first try, and while it finishes (kernel/livepatch/core.c, enabled_store, force_store).
 */
export const adviseOnTransition = (state: CoreState, transition: Transition): string => {
  switch (phaseOf(transition)) {
    case 'finishing':
      return 'Wait: every task has switched, and the kernel finishes by itself. There is nothing to reverse or to force any more.'
    case 'waiting':
      return 'Wait for the first try: until then no task is in the way, and a command to reverse the transition would only wait too.'
    case 'tasks':
      return adviseOnTasks(state, transition)
  }
}

const adviseOnTasks = (state: CoreState, transition: Transition): string => {
  const context: AdviceContext = { transition, host: state.host, patched: patchedBy(state, transition) }
  const first = longestBlocked(state)
  const hopeless = hopelessOf(state, context)
  const task = hopeless ?? first
  if (!task)
    return [
      'No task is known to be in the way. The kernel tries again about once a second.',
      reverse(transition),
    ].join('\n')
  const force = mayBeForced(transition) ? [forceLine(transition)] : []
  return [adviseOnTask(task, context), reverse(transition), ...force].join('\n')
}

const hopelessOf = (state: CoreState, context: AdviceContext): BlockedTask | undefined =>
  state.blocked
    .valueSeq()
    .take(lookedThrough)
    .find((task) => neverSwitches(task, context) !== null)

const patchedBy = ({ patches }: CoreState, { patch }: Transition): ReadonlySet<string> =>
  new Set(
    patches
      .filter(({ name }) => name === patch)
      .flatMap(({ objects }) =>
        objects.flatMap(({ name, functions }) => functions.map((fn) => `${name}:${fn.split(',')[0]}`)),
      ),
  )

const reverse = ({ patch, direction }: Transition): string =>
  `To give up, reverse the transition, which is safe: ${writeEnabled(patch, direction === 'unpatching')}`

const mayBeForced = ({ forced }: Transition): boolean => !forced

/** What forcing costs, by klp_force_transition in kernel/livepatch/transition.c. */
const forceLine = ({ patch, direction, replace }: Transition): string =>
  `Last resort: ${writeForce(patch)} (tasks may then run old and new code mixed${pinned(direction, replace)}; plan a reboot).`

const pinned = (direction: Transition['direction'], replace: boolean | null): string => {
  if (direction === 'unpatching') return ', and the module stays loaded until then'
  return replace === false ? '' : ', and the patches it replaces stay loaded until then'
}
