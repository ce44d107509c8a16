/** What is seen by each probe set, and by none of the others. */
export const probePurposes = {
  transition: 'exact start and end of transitions, who asked, reverse, force, cancel',
  tasks: 'why tasks are blocked, how they are switched, idle tasks',
  lifecycle: 'refused loads, callbacks, states, replaced and released patches, modules under a patch',
  inventory: 'stack of implementations of each function, no-ops, callbacks that exist, states',
  shadow: 'shadow variables: exact live counts, allocations, frees, duplicates, races',
} as const

export type ProbeSetName = keyof typeof probePurposes
