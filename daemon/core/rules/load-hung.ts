import { adviseOnPreparation, describePreparation, preparationsOf } from '../preparation.ts'
import { millisecondsBetween } from '../time.ts'
import type { Rule } from './rule.ts'

/** A patch is being loaded or disabled for longer than a transition may take, and its transition has not started. */
export const loadHung: Rule = {
  name: 'load-hung',
  on: [
    'tasks-observed',
    'patches-observed',
    'callback-entered',
    'callback-called',
    'transition-started',
    'patch-enabled',
    'patch-load-refused',
    'tracer-gap',
    'tracer-started',
  ],
  holds: (state) =>
    preparationsOf(state)
      .filter(
        ({ sinceMonoNs }) =>
          sinceMonoNs !== null && millisecondsBetween(sinceMonoNs, state.monoNs) > state.stalledAfterMs,
      )
      .map((preparation) => ({
        severity: 'warning' as const,
        subject: preparation.patch,
        summary: describePreparation(preparation),
        advice: adviseOnPreparation(preparation),
        evidence: [],
      })),
}
