import type { Rule } from './rule.ts'

/** An atomic replace took a patch away without its unpatch callbacks: what they clean up stays. */
export const callbacksSkipped: Rule = {
  name: 'callbacks-skipped',
  on: ['callback-skipped', 'patch-loading', 'tasks-observed', 'tracer-started'],
  holds: (state) => {
    const skipped = state.troubles.filter((trouble) => trouble.kind === 'callback-skipped')
    const patches = [...new Set(skipped.map((trouble) => trouble.patch))]
    return patches.map((patch) => {
      const own = skipped.filter((trouble) => trouble.patch === patch)
      const names = own.map((trouble) => `${trouble.callback} of ${trouble.object}`).join(', ')
      const by = state.patches.find((each) => each.name === patch)?.replacedBy
      return {
        severity: 'info' as const,
        subject: patch,
        summary: `${patch} was replaced${by ? ` by ${by}` : ''} without its callbacks: ${names}`,
        advice:
          'What they would have undone (shadow variables, hooks, settings) is now up to the new patch: check that its own callbacks take it over.',
        evidence: own.map((trouble) => trouble.seq),
      }
    })
  },
}
