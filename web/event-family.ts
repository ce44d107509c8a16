import type { EventKind } from '../daemon/contract/event.ts'
import { measurements } from '../daemon/contract/measurement.ts'

export type EventFamily =
  | 'transition'
  | 'task'
  | 'patch'
  | 'object'
  | 'callback'
  | 'shadow'
  | 'custom'
  | 'tracer'
  | 'measurement'

export const familyLabels: Record<EventFamily, string> = {
  transition: 'Transition',
  task: 'Tasks',
  patch: 'Patches',
  object: 'Objects',
  callback: 'Callbacks',
  shadow: 'Shadow',
  custom: 'Own probes',
  tracer: 'Tracer',
  measurement: 'Measurements',
}

const families: Record<Exclude<EventKind, (typeof measurements)[number]>, EventFamily> = {
  'tracer-started': 'tracer',
  'tracer-attached': 'tracer',
  'tracer-stopped': 'tracer',
  'tracer-gap': 'tracer',
  'events-lost': 'tracer',
  'record-failed': 'tracer',
  'record-resumed': 'tracer',
  'record-renewed': 'tracer',
  'decode-failed': 'tracer',
  'patch-loading': 'patch',
  'patch-load-refused': 'patch',
  'patch-enabled': 'patch',
  'patch-replaced': 'patch',
  'patch-disabled': 'patch',
  'patch-released': 'patch',
  'transition-started': 'transition',
  'transition-completed': 'transition',
  'transition-cancelled': 'transition',
  'transition-reversed': 'transition',
  'transition-forced': 'transition',
  'transition-tried': 'transition',
  'transition-finishing': 'transition',
  'transition-signalled': 'transition',
  'task-switched': 'task',
  'task-blocked': 'task',
  'task-inspected': 'task',
  'object-patched': 'object',
  'object-unpatched': 'object',
  'module-coming': 'object',
  'module-going': 'object',
  'module-refused': 'object',
  'callbacks-registered': 'callback',
  'callback-entered': 'callback',
  'callback-called': 'callback',
  'callback-skipped': 'callback',
  'state-registered': 'callback',
  'function-counting-changed': 'tracer',
  'shadow-allocated': 'shadow',
  'shadow-found': 'shadow',
  'shadow-duplicate': 'shadow',
  'shadow-alloc-failed': 'shadow',
  'shadow-freed': 'shadow',
  'shadow-freed-all': 'shadow',
  'shadow-free-missed': 'shadow',
  'shadow-adopted': 'shadow',
  custom: 'custom',
}

/** Periodic counts, one each second or so: their news is in the tables and charts. */
export function isMeasurement(kind: EventKind): kind is (typeof measurements)[number] {
  return (measurements as readonly EventKind[]).includes(kind)
}

/** A kind that this page does not know (a newer daemon) is shown with the tracer's own. */
export function familyOf(kind: EventKind): EventFamily {
  return isMeasurement(kind) ? 'measurement' : (families[kind] ?? 'tracer')
}
