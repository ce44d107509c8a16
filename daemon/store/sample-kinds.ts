import type { EventKind } from '../contract/event.ts'

/** Single cases of what is counted as well. */
export const sampleKinds: readonly EventKind[] = [
  'shadow-allocated',
  'shadow-found',
  'shadow-freed',
  'shadow-free-missed',
]
