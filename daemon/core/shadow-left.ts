import type { Event } from '../contract/event.ts'
import type { Patch, PatchLifeState, ShadowId } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/** In these states a patch's functions may run, or its callbacks have not yet. */
const inPlace: ReadonlySet<PatchLifeState> = new Set(['loading', 'enabling', 'enabled', 'disabling'])

/**
 * Marks the ids that nobody looks after any more: whoever was seen to use them is gone, or whoever may have, and no
 * patch in place has all of the owner's klp_states, by which a patch says that it knows what an older one left.
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
  if (of.owner === null && of.users.length === 0) return leaveUnowned(of, patches, event)
  if (of.suspects) return leaveId(withoutSuspects(of), patches, event)
  const owner = patches.find((patch) => patch.name === of.owner)
  const states = owner?.states?.map((state) => state.id) ?? of.ownerStates
  const held = patches.some((patch) => inPlace.has(patch.state) && (uses(patch, of) || covers(patch, states)))
  const left = held ? null : (of.left ?? leftAt(event))
  return left === of.left && sameStates(states, of.ownerStates) ? of : { ...of, left, ownerStates: states }
}

/**
 * Nobody was seen to use it: its variables are older than the tracer, or their allocator could not be found. Only
 * livepatches use shadow variables as a rule; where something else was seen to allocate them, they are its own.
 */
const leaveUnowned = (of: ShadowId, patches: readonly Patch[], event: Event): ShadowId => {
  if (of.allocators.some((allocator) => allocator.module !== null)) return of
  const names = patches.filter((patch) => inPlace.has(patch.state)).map((patch) => patch.name)
  const suspects = of.suspects ?? names
  const left = suspects.some((name) => names.includes(name)) ? null : (of.left ?? leftAt(event))
  return left === of.left && suspects === of.suspects ? of : { ...of, left, suspects }
}

const withoutSuspects = ({ suspects: _, ...of }: ShadowId): ShadowId => of

const leftAt = ({ time, monoNs, seq }: Event): NonNullable<ShadowId['left']> => ({
  since: time,
  sinceMonoNs: monoNs,
  seq,
})

const uses = (patch: Patch, of: ShadowId): boolean => patch.name === of.owner || of.users.includes(patch.name)

const covers = (patch: Patch, states: readonly string[] | null): boolean =>
  states !== null &&
  states.length > 0 &&
  states.every((id) => patch.states?.some((state) => state.id === id) ?? false)

const sameStates = (one: readonly string[] | null, other: readonly string[] | null): boolean =>
  one === other || one?.join() === other?.join()
