import type { EventKind } from '../contract/event.ts'
import { sampleKinds } from './sample-kinds.ts'

/** What comes every second or so and is told again by the next of its kind, or is counted as well. */
const repeated: ReadonlySet<EventKind> = new Set([
  'clock-mapped',
  'patches-observed',
  'patches-inventoried',
  'ftrace-sites-observed',
  'function-counting-changed',
  'function-calls',
  'tasks-observed',
  'task-tries',
  'task-inspected',
  ...sampleKinds,
  'shadow-adopted',
  'shadow-checked',
  'shadow-counts',
  'overhead-measured',
])

/** Whether an event may be lost with the power of its last second; any other is to be on disk within 100 ms. */
export const mayWait = (kind: EventKind): boolean => repeated.has(kind)
