import type { Event, ObservedPatch } from '../contract/event.ts'
import type { Patch } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/** The patches sysfs shows, oldest first where the kernel tells the order. */
export const reducePatches = (state: CoreState, event: Event): CoreState => {
  if (event.kind !== 'patches-observed') return state
  const patches = event.patches
    .map((patch): Patch => ({ ...patch, state: stateOf(patch) }))
    .sort((a, b) => (a.stackOrder ?? 0) - (b.stackOrder ?? 0))
  return { ...state, patches }
}

/** enabled and transition of /sys/kernel/livepatch/<patch>, kernel/livepatch/core.c. */
const stateOf = (patch: ObservedPatch): Patch['state'] => {
  if (patch.inTransition) return patch.enabled ? 'enabling' : 'disabling'
  return patch.enabled ? 'enabled' : 'disabled'
}
