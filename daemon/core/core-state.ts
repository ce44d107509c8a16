import { Map as AnyMap, type Set as AnySet, OrderedMap, type OrderedSet } from 'immutable'
import type { EventOf } from '../contract/event.ts'
import type { Finding, RuleName } from '../contract/finding.ts'
import type {
  BlockedTask,
  Host,
  Patch,
  RecordState,
  Shadow,
  ShadowId,
  Task,
  TaskCounts,
  Tracer,
  Transition,
} from '../contract/state.ts'
import { type FunctionsState, initialFunctions } from './functions-state.ts'

/**
 * The world as folded from events. Immutable: each event yields a new one that shares what did not change,
 * so that keeping an old one costs nothing and a view is recomputed only where its slice changed.
 * What may hold thousands is a persistent map: one event changes it in about log n steps, and copies nothing.
 * Its order is that in which the keys came.
 */
export type CoreState = {
  readonly seq: number
  readonly time: string
  readonly monoNs: string
  /** Wall clock minus monotonic clock, in ns. */
  readonly clockOffsetNs: string
  readonly stalledAfterMs: number
  readonly host: Host | null
  /** Its causes follow from the rest: causes.ts. */
  readonly tracer: Omit<Tracer, 'causes'>
  readonly record: RecordState
  readonly transition: Transition | null
  readonly lastTransition: Transition | null
  /** Of completed transitions, oldest first; see baseline.ts. */
  readonly pastDurationsMs: readonly number[]
  /** By taskKey. */
  readonly tasks: OrderedMap<number, Task>
  readonly taskCounts: TaskCounts
  /** By taskKey, in the order in which they became blocked. A snapshot that finds a task still blocked changes nothing in here: see last-seen.ts. */
  readonly blocked: OrderedMap<number, BlockedTask>
  /** Tasks that failed a try while the first try of all tasks has not ended: in the way once it has. By taskKey. */
  readonly triedEarly: OrderedMap<number, BlockedTask>
  readonly patches: readonly Patch[]
  /** Refusals and skipped callbacks that still deserve attention, oldest first. */
  readonly troubles: readonly Trouble[]
  readonly functions: FunctionsState
  readonly shadow: {
    readonly adoption: Shadow['adoption']
    readonly checkedAt: string | null
    readonly ids: OrderedMap<string, ShadowId>
    readonly countedMonoNs: string | null
  }
  /** By their ids. */
  readonly findings: OrderedMap<string, Finding>
  readonly derived: Derived
}

/** Follows from the rest of the state and is not stored: it saves single events from looking at all tasks or findings. */
export type Derived = {
  /** Tasks of which the next snapshot has to say whether they are blocked; null: all of them. */
  readonly unchecked: OrderedSet<number> | null
  /** The blocked tasks by what is blamed for their stack. */
  readonly blamed: AnyMap<string, AnySet<number>>
  /** Ids of the open findings by rule and subject. */
  readonly findingIds: AnyMap<RuleName, OrderedMap<string, string>>
}

export type Trouble = EventOf<'patch-load-refused' | 'module-refused' | 'callback-skipped'>

export const initialState: CoreState = {
  seq: 0,
  time: '1970-01-01T00:00:00.000000000Z',
  monoNs: '0',
  clockOffsetNs: '0',
  stalledAfterMs: 10_000,
  host: null,
  tracer: {
    status: 'stopped',
    since: '1970-01-01T00:00:00.000000000Z',
    probeSets: [],
    eventsLost: 0,
    decodeFailures: 0,
    overhead: null,
    gaps: [],
  },
  record: { status: 'recording', since: null, reason: null, remedy: null, lost: 0, setAside: null },
  transition: null,
  lastTransition: null,
  pastDurationsMs: [],
  tasks: OrderedMap(),
  taskCounts: {
    total: null,
    patched: 0,
    unpatched: 0,
    undefined: 0,
    idle: 0,
    observedAt: null,
    source: null,
  },
  blocked: OrderedMap(),
  triedEarly: OrderedMap(),
  patches: [],
  troubles: [],
  functions: initialFunctions,
  shadow: { adoption: 'pending', checkedAt: null, ids: OrderedMap(), countedMonoNs: null },
  findings: OrderedMap(),
  derived: { unchecked: null, blamed: AnyMap(), findingIds: AnyMap() },
}
