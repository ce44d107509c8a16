import { baselineOf } from '../baseline.ts'
import { heldUpBy } from '../blockers.ts'
import type { Rule } from './rule.ts'

/** Nobody acts on less, whatever is usual. */
const shortestMs = 1_000

/** A transition takes longer than nearly all before it on this host, but does not count as stalled yet. */
export const transitionSlow: Rule = {
  name: 'transition-slow',
  on: [
    'tasks-observed',
    'transition-started',
    'transition-completed',
    'transition-cancelled',
    'patches-observed',
    'tracer-started',
  ],
  holds: (state) => {
    const { transition } = state
    const baseline = baselineOf(state)
    if (!transition || transition.stalled || !baseline) return []
    if (transition.durationMs <= Math.max(baseline.p95Ms, shortestMs)) return []
    return [
      {
        severity: 'info',
        subject: transition.patch,
        summary: `${transition.patch}: ${transition.direction} takes longer than 95 % of the last ${baseline.transitions} transitions on this host (${seconds(baseline.p95Ms)}); ${heldUpBy(state, transition)}`,
        advice: `Usual here is ${seconds(baseline.medianMs)}. It counts as stalled after ${seconds(state.stalledAfterMs)}; see what holds it up meanwhile.`,
        evidence: [transition.startedSeq],
      },
    ]
  },
}

const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`
