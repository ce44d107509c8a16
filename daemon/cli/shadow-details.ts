import type { ShadowAges, ShadowAllocator } from '../contract/shadow.ts'
import { shadowAgeBoundsS } from '../contract/shadow-age-bounds.ts'
import type { ShadowId } from '../contract/state.ts'
import { duration } from './text.ts'

/** What does not fit into a row: who allocates, who else uses the id, how old its variables are. */
export const shadowDetails = ({ allocators, users, ages, owner }: ShadowId): string[] => {
  const others = users.filter((user) => user !== owner)
  return [
    ...(allocators.length > 0 ? [`allocated by ${allocators.map(allocatorText).join(', ')}`] : []),
    ...(others.length > 0 ? [`also used by ${others.join(', ')}`] : []),
    ...(ages === null ? [] : [`ages: ${agesText(ages)}`]),
  ]
}

const allocatorText = ({ module, function: name, allocated }: ShadowAllocator): string =>
  `${name ?? 'an unknown function'} of ${module ?? 'the kernel'} (${allocated})`

const agesText = ({ known, atLeast, unknown }: Omit<ShadowAges, 'id'>): string => {
  const some = (counts: readonly number[], text: (bound: number) => string) =>
    counts.flatMap((count, bound) => (count > 0 ? [`${count} ${text(bound)}`] : []))
  return [
    ...some(known, boundText),
    ...some(atLeast, (bound) => `${boundText(bound)}, perhaps older than the tracer`),
    ...(unknown > 0 ? [`${unknown} not known`] : []),
  ].join('; ')
}

const boundText = (bound: number): string =>
  bound === 0
    ? `under ${duration((shadowAgeBoundsS[1] ?? 0) * 1000)}`
    : `over ${duration((shadowAgeBoundsS[bound] ?? 0) * 1000)}`
