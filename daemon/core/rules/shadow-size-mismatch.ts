import type { Rule } from './rule.ts'

/** One shadow id was allocated with several sizes: most likely two purposes share it. */
export const shadowSizeMismatch: Rule = {
  name: 'shadow-size-mismatch',
  on: ['shadow-counts', 'tracer-started', 'tracer-gap'],
  holds: (state) =>
    [...state.shadow.ids.values()]
      .filter((id) => id.sizesBytes.length > 1)
      .map(({ id, sizesBytes }) => ({
        severity: 'warning',
        subject: id,
        summary: `shadow id ${id} was allocated with ${sizesBytes.length} sizes: ${[...sizesBytes].sort((a, b) => a - b).join(', ')} bytes`,
        advice: 'Two pieces of code use one id for different data: give them different ids.',
        evidence: [],
      })),
}
