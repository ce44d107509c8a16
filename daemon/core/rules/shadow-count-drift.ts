import { notableShadow } from '../shadow-notable.ts'
import { millisecondsBetween } from '../time.ts'
import type { Rule } from './rule.ts'

const keptMs = 3_600_000

/** The kernel skipped probes: a walk of the hash found another number of variables than was counted. */
export const shadowCountDrift: Rule = {
  name: 'shadow-count-drift',
  on: ['shadow-checked', 'tasks-observed', 'tracer-started', 'tracer-gap'],
  holds: (state) =>
    notableShadow(state).flatMap(({ id, drift }) => {
      if (drift === null || millisecondsBetween(drift.atMonoNs, state.monoNs) > keptMs) return []
      return [
        {
          severity: 'warning' as const,
          subject: id,
          summary: `shadow id ${id}: ${drift.counted} live variables were counted, the kernel had ${drift.found}; corrected`,
          advice:
            'Some probes did not run: kprobes were switched off, or too many calls were under way at once. Totals and rates of that time are wrong; the live count is right again.',
          evidence: [],
        },
      ]
    }),
}
