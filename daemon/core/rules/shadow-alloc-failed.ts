import type { Rule } from './rule.ts'

/** A shadow variable could not be made: no memory, or its constructor failed. */
export const shadowAllocFailed: Rule = {
  name: 'shadow-alloc-failed',
  on: ['shadow-counts', 'tracer-started', 'tracer-gap'],
  holds: (state) =>
    [...state.shadow.ids.values()]
      .filter((id) => id.failures > 0)
      .map(({ id, failures }) => ({
        severity: 'warning',
        subject: id,
        summary: `shadow id ${id}: ${failures} allocation${failures === 1 ? '' : 's'} failed (no memory, or the constructor refused)`,
        advice: 'Look for "Failed to construct shadow variable" and memory pressure in the kernel log.',
        evidence: [],
      })),
}
