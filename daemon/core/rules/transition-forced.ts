import type { Transition } from '../../contract/state.ts'
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
        summary: `${forced.patch}: ${forced.direction} was forced; tasks may run old and new code mixed, and ${pinned(forced)}`,
        advice:
          'Plan a reboot at the next opportunity. Until then avoid loading or reverting livepatches on this host.',
        evidence: [forced.startedSeq],
      },
    ]
  },
}

/** Source: kernel/livepatch/transition.c, klp_force_transition: only patches that are going away are pinned. */
const pinned = ({ direction, replace, patch }: Transition): string => {
  if (direction === 'unpatching') return `module ${patch} cannot be unloaded until reboot`
  return replace === false
    ? 'no module is pinned by it'
    : 'patches that it replaced cannot be unloaded until reboot'
}
