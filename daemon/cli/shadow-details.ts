import type { ShadowAllocator } from '../contract/shadow.ts'
import type { ShadowId } from '../contract/state.ts'
import { describeAges } from '../words/describe-ages.ts'

/** What does not fit into a row: who allocates, who else uses the id, how old its variables are. */
export const shadowDetails = ({ allocators, users, ages, owner, live }: ShadowId): string[] => {
  const others = users.filter((user) => user !== owner)
  return [
    ...(allocators.length > 0 ? [`allocated by ${allocators.map(allocatorText).join(', ')}`] : []),
    ...(others.length > 0 ? [`also used by ${others.join(', ')}`] : []),
    ...(ages === null || live === 0 ? [] : [`ages: ${describeAges(ages)}`]),
  ]
}

const allocatorText = ({ module, function: name, allocated }: ShadowAllocator): string =>
  `${name ?? 'an unknown function'} of ${module ?? 'the kernel'} (${allocated})`
