import type { Rule } from './rule.ts'

/** klp_shadow_alloc was asked for an <obj, id> that exists: it warned and returned NULL. */
export const shadowDuplicate: Rule = {
  name: 'shadow-duplicate',
  on: ['shadow-counts', 'tracer-started', 'tracer-gap'],
  holds: (state) =>
    [...state.shadow.ids.values()]
      .filter((id) => id.duplicates > 0)
      .map(({ id, duplicates }) => ({
        severity: 'warning',
        subject: id,
        summary: `shadow id ${id}: ${times(duplicates)} allocated although it existed; the caller got NULL`,
        advice:
          'Two pieces of code use one <obj, id>: give them different ids, or use klp_shadow_get_or_alloc().',
        evidence: [],
      })),
}

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`)
