import { adviseOnTransition } from '../advice.ts'
import { blockers } from '../blockers.ts'
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
    'patches-observed',
    'tracer-started',
  ],
  holds: (state) => {
    const { transition } = state
    if (!transition?.stalled) return []
    return [
      {
        severity: 'critical',
        subject: transition.patch,
        summary: `${transition.patch}: ${transition.direction} is stalled, ${blockers(state)}`,
        advice: adviseOnTransition(state, transition),
        evidence: [Number(transition.id)],
        vague: state.blocked.size === 0,
      },
    ]
  },
}
