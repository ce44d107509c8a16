import type { EventKind } from '../contract/event.ts'
import { gapKinds } from '../core/gap.ts'
import { patchLifeKinds } from './patch-life-kinds.ts'

/** Told as moments. */
export const instantKinds: readonly EventKind[] = [
  'transition-reversed',
  'transition-forced',
  'transition-tried',
  'transition-finishing',
  'transition-signalled',
  'callback-called',
  'callback-skipped',
  ...patchLifeKinds,
  'state-registered',
  'shadow-duplicate',
  'shadow-alloc-failed',
  'shadow-freed-all',
  'shadow-free-missed',
  'tracer-started',
  'tracer-attached',
  'tracer-stopped',
  'events-lost',
  'decode-failed',
  'custom',
]

/** Of these the blocked periods and the gaps are made. */
export const foldedKinds: readonly EventKind[] = [
  'transition-started',
  'transition-completed',
  'transition-cancelled',
  'task-blocked',
  'task-switched',
  'task-inspected',
  'task-tries',
  'tasks-observed',
  ...gapKinds,
]
