import type { EventKind } from './event.ts'

/** Periodic counts, one each second or so, and what is told again by the next of its kind. */
export const measurements = [
  'clock-mapped',
  'patches-observed',
  'patches-inventoried',
  'ftrace-sites-observed',
  'tasks-switched',
  'task-tries',
  'tasks-observed',
  'function-calls',
  'shadow-checked',
  'shadow-counts',
  'overhead-measured',
] as const satisfies readonly EventKind[]
