import { phaseOf } from '../../words/phases.ts'
import { adviseOnTransition } from '../advice.ts'
import { heldUpBy } from '../blockers.ts'
import type { Rule } from './rule.ts'

/** A transition runs past its expected time. Who blocks it is told anew with each snapshot, not with each task. */
export const transitionStalled: Rule = {
  name: 'transition-stalled',
  on: [
    'tasks-observed',
    'transition-started',
    'transition-completed',
    'transition-cancelled',
    'transition-reversed',
    'transition-tried',
    'transition-finishing',
    'patches-observed',
    'tracer-started',
  ],
  holds: (state) => {
    const { transition } = state
    if (!transition?.stalled) return []
    const { patch, direction } = transition
    // Only tasks that are in the way call for somebody to act.
    const byTasks = phaseOf(transition) === 'tasks'
    return [
      {
        severity: byTasks ? 'critical' : 'warning',
        subject: patch,
        summary: `${patch}: ${direction} ${byTasks ? 'is stalled' : 'takes long'}, ${heldUpBy(state, transition)}`,
        advice: adviseOnTransition(state, transition),
        evidence: [transition.startedSeq],
        vague: byTasks && state.blocked.size === 0,
      },
    ]
  },
}
