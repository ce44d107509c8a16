import type { EventKind } from '../contract/event.ts'

/** Told as moments. */
export const instantKinds: readonly EventKind[] = [
  'transition-reversed',
  'transition-forced',
  'transition-signalled',
  'callback-called',
  'callback-skipped',
  'patch-loading',
  'patch-load-refused',
  'patch-enabled',
  'patch-replaced',
  'patch-disabled',
  'patch-released',
  'object-patched',
  'object-unpatched',
  'module-coming',
  'module-going',
  'module-refused',
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
  'tracer-gap',
]
