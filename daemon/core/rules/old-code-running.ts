import type { Rule } from './rule.ts'

/**
 * The last transition was forced while tasks slept in a function that it changes: they go on in that code when they
 * wake. Whether a task has left it since, no event tells; it is certain only when the task is gone.
 */
export const oldCodeRunning: Rule = {
  name: 'old-code-running',
  on: [
    'transition-forced',
    'transition-started',
    'transition-completed',
    'transition-cancelled',
    'tasks-observed',
    'tracer-started',
  ],
  holds: (state) => {
    const forced = state.transition?.forced ? state.transition : state.lastTransition
    const inside = (forced?.forcedWhileIn ?? []).filter(
      ({ tid }) => state.taskCounts.total === null || state.tasks.has(tid),
    )
    const [first] = inside
    if (!forced || !first) return []
    const more = inside.length > 1 ? ` and ${inside.length - 1} more` : ''
    return [
      {
        severity: 'warning',
        subject: forced.patch,
        summary: `${first.comm} (${first.tid})${more} slept in ${first.function}() when ${forced.direction} of ${forced.patch} was forced: the code from before runs on there`,
        advice:
          'A task leaves it when that call returns; look at /proc/<tid>/stack. Make it return or restart it: until then old and new code are mixed.',
        evidence: [forced.startedSeq],
      },
    ]
  },
}
