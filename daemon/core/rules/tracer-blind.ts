import type { Rule } from './rule.ts'

/** The tracer does not see all it should. */
export const tracerBlind: Rule = {
  name: 'tracer-blind',
  on: ['tracer-attached', 'tracer-started', 'tracer-gap'],
  holds: (state) =>
    state.tracer.probeSets
      .filter((set) => !set.available)
      .map((set) => ({
        severity: 'warning',
        subject: set.name,
        summary: `not seen: ${set.name}${set.reason ? ` (${set.reason})` : ''}`,
        advice: set.remedy ?? 'Run klpscope doctor for what this host offers.',
        evidence: [],
      })),
}
