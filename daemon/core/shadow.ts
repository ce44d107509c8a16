import type { Event, EventOf } from '../contract/event.ts'
import type { ShadowAllocator, ShadowCount } from '../contract/shadow.ts'
import type { ShadowId } from '../contract/state.ts'
import { countsAnew } from '../contract/tracer-part.ts'
import type { CoreState } from './core-state.ts'
import { leaveShadow } from './shadow-left.ts'
import { millisecondsBetween } from './time.ts'

/** Shadow variables per id. The counts are the kernel side's; single events change nothing here. */
export const reduceShadow = (state: CoreState, event: Event, before: CoreState): CoreState => {
  const counted = next(state, event)
  // Who looks after an id is another question only when there are other ids or patches.
  const same = counted.ids === before.shadow.ids && state.patches === before.patches
  const shadow = same ? counted : leaveShadow(counted, state.patches, event)
  return shadow === state.shadow ? state : { ...state, shadow }
}

const next = ({ shadow }: CoreState, event: Event): CoreState['shadow'] => {
  switch (event.kind) {
    case 'shadow-adopted':
      return { ...shadow, adoption: event.complete ? 'complete' : 'unavailable' }
    case 'tracer-gap':
      return countsAnew(event.source) ? carryShadow(shadow) : shadow
    case 'shadow-counts':
      return count(shadow, event)
    case 'shadow-checked':
      return check(shadow, event)
    default:
      return shadow
  }
}

/** The counters die with their tracer, and the next counts anew; who uses an id stays known. */
export const carryShadow = (shadow: CoreState['shadow']): CoreState['shadow'] => ({
  adoption: 'pending',
  checkedAt: null,
  countedMonoNs: null,
  ids: shadow.ids
    .filter(
      ({ allocators, users, suspects }) => allocators.length > 0 || users.length > 0 || !!suspects?.length,
    )
    .map(carryId),
})

const carryId = ({ id, owner, ownerStates, allocators, users, suspects, left }: ShadowId): ShadowId => ({
  ...uncounted,
  id,
  live: null,
  liveBytes: null,
  allocatedPerS: 0,
  freedPerS: 0,
  owner,
  ownerStates,
  allocators: allocators.map((allocator) => ({ ...allocator, allocated: 0 })),
  users,
  ...(suspects ? { suspects } : {}),
  ages: null,
  drift: null,
  left,
})

const uncounted = {
  allocated: 0,
  freed: 0,
  found: 0,
  duplicates: 0,
  failures: 0,
  missed: 0,
  sizesBytes: [],
} satisfies Partial<ShadowCount>

const count = (shadow: CoreState['shadow'], event: EventOf<'shadow-counts'>): CoreState['shadow'] => {
  const seconds = shadow.countedMonoNs ? millisecondsBetween(shadow.countedMonoNs, event.monoNs) / 1000 : 0
  const counted = new Set(event.counts.map((each) => each.id))
  const ids = shadow.ids.withMutations((table) => {
    if (shadow.adoption === 'complete') {
      for (const [id, of] of shadow.ids)
        if (of.live === null && !counted.has(id)) table.set(id, { ...of, live: 0, liveBytes: 0 })
    }
    for (const each of event.counts) table.set(each.id, countId(shadow.ids.get(each.id), each, seconds))
  })
  return { ...shadow, ids, countedMonoNs: event.monoNs }
}

const countId = (before: ShadowId | undefined, now: ShadowCount, seconds: number): ShadowId => {
  const rate = (total: number, then: number) => (seconds > 0 ? Math.max(0, (total - then) / seconds) : 0)
  const allocators = mergeAllocators(before?.allocators ?? [], now.allocators ?? [])
  return {
    ...now,
    liveBytes: bytesOf(now),
    allocatedPerS: rate(now.allocated, before?.allocated ?? 0),
    freedPerS: rate(now.freed, before?.freed ?? 0),
    owner: newestOwner(before?.allocators ?? [], allocators) ?? before?.owner ?? null,
    ownerStates: before?.ownerStates ?? null,
    allocators,
    users: [...new Set([...(before?.users ?? []), ...(now.users ?? [])])],
    ...(before?.suspects ? { suspects: before.suspects } : {}),
    ages: before?.ages ?? null,
    drift: before?.drift ?? null,
    left: before?.left ?? null,
  }
}

const bytesOf = ({ live, allocated, freed, sizesBytes }: ShadowCount): number | null => {
  if (live === null || live === 0) return live
  const [onlySize] = sizesBytes.length === 1 ? sizesBytes : []
  // Variables older than the tracer may have had another size.
  return onlySize !== undefined && live <= allocated - freed ? live * onlySize : null
}

const sameFunction = (one: ShadowAllocator, other: ShadowAllocator): boolean =>
  one.module === other.module && one.function === other.function

/** Those known before and not told now: of an earlier tracer, or with a function that has a name by now. */
const mergeAllocators = (
  before: readonly ShadowAllocator[],
  now: readonly ShadowAllocator[],
): ShadowAllocator[] => [
  ...now,
  ...before.filter(
    (known) =>
      known.allocated === 0 && known.function !== null && !now.some((each) => sameFunction(each, known)),
  ),
]

/** The livepatch whose allocations grew most. */
const newestOwner = (
  before: readonly ShadowAllocator[],
  now: readonly ShadowAllocator[],
): string | undefined => {
  const grown = now
    .filter((allocator) => allocator.livepatch)
    .map((allocator) => {
      const then = before
        .filter((known) => known.module === allocator.module)
        .reduce((sum, known) => sum + known.allocated, 0)
      const total = now
        .filter((each) => each.module === allocator.module)
        .reduce((sum, each) => sum + each.allocated, 0)
      return { module: allocator.module ?? undefined, by: total - then }
    })
    .filter(({ by }) => by > 0)
    .sort((a, b) => b.by - a.by)
  return grown[0]?.module
}

const check = (shadow: CoreState['shadow'], event: EventOf<'shadow-checked'>): CoreState['shadow'] => {
  const ages = new Map(event.ages.map(({ id, ...of }) => [id, of]))
  const drift = new Map(event.drift.map(({ id, ...of }) => [id, of]))
  const ids = shadow.ids.map((of, id): ShadowId => {
    const drifted = drift.get(id)
    return {
      ...of,
      ages: ages.get(id) ?? null,
      drift: drifted ? { ...drifted, at: event.time, atMonoNs: event.monoNs } : of.drift,
    }
  })
  return { ...shadow, checkedAt: event.time, ids }
}
