import type { EventKind } from '../contract/event.ts'

/**
 * Who goes first when there is no room for all. `rare`: documents what happened; on disk within 100 ms, and a part of all
 * room is for it alone. `repeated`: told again every second or so by the next of its kind, or built upon by it. `single`:
 * a single case that can come in a flood. `sample`: one that the kernel counts as well, or that only a user's own probe
 * told: the first to do without.
 */
export type Precedence = 'rare' | 'repeated' | 'single' | 'sample'

const precedences = {
  'tracer-started': 'rare',
  'tracer-attached': 'rare',
  'tracer-stopped': 'rare',
  'tracer-gap': 'rare',
  'events-lost': 'rare',
  'overhead-measured': 'repeated',
  'record-failed': 'rare',
  'record-resumed': 'rare',
  'record-renewed': 'rare',
  'decode-failed': 'single',
  'clock-mapped': 'repeated',
  'patches-observed': 'repeated',
  'patch-loading': 'rare',
  'patches-inventoried': 'repeated',
  'ftrace-sites-observed': 'repeated',
  'patch-load-refused': 'rare',
  'patch-enabled': 'rare',
  'patch-replaced': 'rare',
  'patch-disabled': 'rare',
  'patch-released': 'rare',
  'transition-started': 'rare',
  'transition-tried': 'rare',
  'transition-finishing': 'rare',
  'transition-completed': 'rare',
  'transition-cancelled': 'rare',
  'transition-reversed': 'rare',
  'transition-forced': 'rare',
  'transition-signalled': 'rare',
  'task-switched': 'rare',
  'tasks-switched': 'rare',
  'task-blocked': 'rare',
  'task-inspected': 'repeated',
  'task-tries': 'repeated',
  'tasks-observed': 'repeated',
  'object-patched': 'rare',
  'object-unpatched': 'rare',
  'module-coming': 'rare',
  'module-going': 'rare',
  'module-refused': 'rare',
  'callbacks-registered': 'rare',
  'callback-entered': 'rare',
  'callback-called': 'rare',
  'callback-skipped': 'rare',
  'state-registered': 'rare',
  'function-counting-changed': 'repeated',
  'function-calls': 'repeated',
  'shadow-allocated': 'sample',
  'shadow-found': 'sample',
  'shadow-duplicate': 'single',
  'shadow-alloc-failed': 'single',
  'shadow-freed': 'sample',
  'shadow-freed-all': 'single',
  'shadow-free-missed': 'sample',
  'shadow-adopted': 'repeated',
  'shadow-checked': 'repeated',
  'shadow-counts': 'repeated',
  custom: 'sample',
} as const satisfies Record<EventKind, Precedence>

export const precedenceOf = (kind: EventKind): Precedence => precedences[kind]

/** The part of the room up to which events of each precedence are taken. */
export const shareOf: Readonly<Record<Precedence, number>> = {
  sample: 0.5,
  single: 0.65,
  repeated: 0.8,
  rare: 1,
}

/** Whether an event may be lost with the power of its last second; any other is to be on disk within 100 ms. */
export const mayWait = (kind: EventKind): boolean => ['repeated', 'sample'].includes(precedenceOf(kind))
