import type { ShadowAges, ShadowAllocator } from '../contract/shadow.ts'
import { shadowAgeNames } from '../contract/shadow-age-bounds.ts'
import type { ShadowId } from '../contract/state.ts'

/** What does not fit into a row: who allocates, who else uses the id, how old its variables are. */
export const shadowDetails = ({ allocators, users, ages, owner, live }: ShadowId): string[] => {
  const others = users.filter((user) => user !== owner)
  return [
    ...(allocators.length > 0 ? [`allocated by ${allocators.map(allocatorText).join(', ')}`] : []),
    ...(others.length > 0 ? [`also used by ${others.join(', ')}`] : []),
    ...(ages === null || live === 0 ? [] : [`ages: ${agesText(ages)}`]),
  ]
}

const allocatorText = ({ module, function: name, allocated }: ShadowAllocator): string =>
  `${name ?? 'an unknown function'} of ${module ?? 'the kernel'} (${allocated})`

const agesText = ({ known, atLeast, unknown }: Omit<ShadowAges, 'id'>): string => {
  const some = (counts: readonly number[], more: string) =>
    counts.flatMap((count, bound) => (count > 0 ? [`${count} ${shadowAgeNames[bound]}${more}`] : []))
  return [
    ...some(known, ''),
    ...some(atLeast, ', perhaps older than the tracer'),
    ...(unknown > 0 ? [`${unknown} not known`] : []),
  ].join('; ')
}
