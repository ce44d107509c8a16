import type { Event } from '../contract/event.ts'
import type { Patch, PatchLifeState, ShadowId } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/** In these states a patch's functions may run, or its callbacks have not yet. */
const inPlace: ReadonlySet<PatchLifeState> = new Set(['loading', 'enabling', 'enabled', 'disabling'])

/**
 * Marks the ids that nobody looks after any more: the owner is gone, and no patch in place has been seen to use them
 * or has all of the owner's klp_states, by which a patch says that it knows what an older one left.
 */
export const leaveShadow = (
  shadow: CoreState['shadow'],
  patches: readonly Patch[],
  event: Event,
): CoreState['shadow'] => {
  const ids = shadow.ids.withMutations((table) => {
    for (const [id, of] of shadow.ids) table.set(id, leaveId(of, patches, event))
  })
  return ids === shadow.ids ? shadow : { ...shadow, ids }
}

const leaveId = (of: ShadowId, patches: readonly Patch[], event: Event): ShadowId => {
  if (of.owner === null) return of
  const owner = patches.find((patch) => patch.name === of.owner)
  const states = owner?.states?.map((state) => state.id) ?? of.ownerStates
  const held = patches.some((patch) => inPlace.has(patch.state) && (uses(patch, of) || covers(patch, states)))
  const left = held ? null : (of.left ?? { since: event.time, sinceMonoNs: event.monoNs, seq: event.seq })
  return left === of.left && sameStates(states, of.ownerStates) ? of : { ...of, left, ownerStates: states }
}

const uses = (patch: Patch, of: ShadowId): boolean => patch.name === of.owner || of.users.includes(patch.name)

const covers = (patch: Patch, states: readonly string[] | null): boolean =>
  states !== null &&
  states.length > 0 &&
  states.every((id) => patch.states?.some((state) => state.id === id) ?? false)

const sameStates = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one === other || one?.join() === other?.join()
