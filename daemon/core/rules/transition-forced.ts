import type { Rule } from './rule.ts'

/** Someone forced a transition: its patches can never be unloaded again, and consistency was given up. */
export const transitionForced: Rule = {
  name: 'transition-forced',
  on: ['transition-forced', 'transition-started', 'tracer-started', 'patches-observed'],
  holds: (state) => {
    const forced = [state.transition, state.lastTransition].find((transition) => transition?.forced)
    if (!forced || !state.patches.some((patch) => patch.name === forced.patch)) return []
    return [
      {
        severity: 'warning',
        subject: forced.patch,
        summary: `${forced.patch}: the transition was forced; tasks may run old and new code mixed, and the module cannot be unloaded any more`,
        advice:
          'Plan a reboot at the next opportunity. Until then avoid loading or reverting livepatches on this host.',
        evidence: [Number(forced.id)],
      },
    ]
  },
}
