import type { Rule } from './rule.ts'

/** Of one CPU. */
const budgetPercent = 5

/** The daemon and its tracers use more CPU time than they should: over a minute, on an otherwise quiet host. */
export const overheadExceeded: Rule = {
  name: 'overhead-exceeded',
  on: ['overhead-measured', 'tracer-started', 'tracer-stopped'],
  holds: ({ tracer: { overhead } }) => {
    if (!overhead || overhead.daemonPercent + overhead.tracersPercent <= budgetPercent) return []
    const { daemonPercent, tracersPercent } = overhead
    return [
      {
        severity: 'info',
        subject: 'klpscope',
        summary: `klpscope uses ${percent(daemonPercent + tracersPercent)} of one CPU, more than ${budgetPercent} %: the daemon ${percent(daemonPercent)}, its tracers ${percent(tracersPercent)}`,
        advice:
          'Many tasks, a running transition or a hot patched function make it work: lower --call-budget, or stop the daemon if the host needs the time.',
        evidence: [],
      },
    ]
  },
}

const percent = (share: number): string => `${share.toFixed(1)} %`
