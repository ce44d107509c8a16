import type { Callback } from './callback.ts'
import type { Cause } from './cause.ts'
import type {
  Basis,
  BlockReason,
  Direction,
  ObservedPatch,
  PatchState,
  ProbeSet,
  Requester,
  SwitchWay,
} from './event-parts.ts'
import type { Finding } from './finding.ts'
import type { Functions } from './functions.ts'
import type { Gap } from './gap.ts'
import type { Phases } from './phases.ts'
import type { ShadowAges, ShadowAllocator } from './shadow.ts'
import type { SignalRound } from './signal-round.ts'

/**
 * What is shown of the world at one moment: `GET state`, the WebSocket snapshot, and `GET state?at=`.
 * A view over the folded events; `null` always means "not known", never zero.
 */
export type State = {
  seq: number
  time: string
  monoNs: string
  headline: Headline
  host: Host | null
  tracer: Tracer
  record: RecordState
  /** The running transition. */
  transition: Transition | null
  /** The newest transition that ended. */
  lastTransition: Transition | null
  /** How long transitions take on this host; null: fewer than 5 are known. */
  baseline: Baseline | null
  tasks: TaskCounts
  /** Blocked tasks, longest first, at most 200 of `blockedTotal`. */
  blocked: BlockedTask[]
  blockedTotal: number
  patches: Patch[]
  functions: Functions
  shadow: Shadow
  findings: Finding[]
}

/** The first line: what is going on, since when, what to do. */
export type Headline = {
  level: 'ok' | 'info' | 'warning' | 'critical' | 'unknown'
  /** e.g. `klpt_patch_v1: patching stalled, 1 task blocks it: klpt-sleeper (231)` */
  text: string
  since: string | null
  advice: string | null
  /** Id of the open finding that it tells; null when it tells none. */
  finding: string | null
}

export type Host = { hostname: string; kernel: string; bootId: string; cpus: number }

export type Tracer = {
  /** `starting`: probes not attached yet. `observing`: all is attached. `degraded`: some probe set, or a part of one, is missing. */
  status: 'starting' | 'observing' | 'degraded' | 'blind' | 'stopped'
  since: string
  probeSets: ProbeSet[]
  /** Why not all is seen that should be, the gravest first. */
  causes: Cause[]
  eventsLost: number
  decodeFailures: number
  /** CPU time in the last measured minute, in percent of one CPU; null: not measured yet. */
  overhead: { daemonPercent: number; tracersPercent: number } | null
  /** The newest gaps, newest first, about 20; the first may be one that lasts. */
  gaps: Gap[]
}

/** Whether what happens is being kept. */
export type RecordState = {
  /** `failing`: it cannot be written; events wait for it. */
  status: 'recording' | 'failing'
  since: string | null
  reason: string | null
  remedy: string | null
  /** Events of this run that are not in it. */
  lost: number
  /** A damaged record that this one took the place of, in this run. */
  setAside: string | null
}

export type TransitionOutcome = 'running' | 'completed' | 'cancelled' | 'unknown'

export type Transition = {
  id: string
  /** Number of the event that first told of it; absent from lists of what earlier versions recorded. */
  startedSeq: number
  patch: string
  direction: Direction
  replace: boolean | null
  startedAt: string
  startedMonoNs: string
  /** False: it was already running when first seen; it started at or before `startedAt`. */
  startKnown: boolean
  endedAt: string | null
  outcome: TransitionOutcome
  /** So far, or in all. A lower bound when `startKnown` is false. */
  durationMs: number
  stalled: boolean
  requester: Requester | null
  reversals: number
  /** Of the last reversal, on CLOCK_MONOTONIC; absent when there was none. */
  reversedMonoNs?: string
  forced: boolean
  /** Tasks that slept in a function being changed when it was forced, at most 20; absent: none was seen. */
  forcedWhileIn?: { tid: number; comm: string; function: string }[]
  signalRounds: number
  /** What the newest of them changed, oldest first, at most 20; absent: none was seen. */
  signals?: SignalRound[]
  /** Tasks not in the target state at the last snapshot; null before the first. */
  remaining: number | null
  /** Tasks switched so far without ever being blocked, by way. */
  switched: Partial<Record<SwitchWay, number>>
  /** How far it has come, in the direction it has now; absent: recorded by a version that did not follow it. */
  phases?: Phases
  /** The same of the directions it had before it was reversed, oldest first, at most 10. */
  earlierPhases?: Phases[]
}

/** Over the newest completed transitions, at most 100, that were neither reversed nor forced. */
export type Baseline = { transitions: number; medianMs: number; p95Ms: number; maxMs: number }

export type TaskCounts = {
  total: number | null
  patched: number
  unpatched: number
  /** Not concerned by a transition (patch state -1). */
  undefined: number
  /** How many of the counted are idle tasks. */
  idle: number
  observedAt: string | null
  source: 'iterator' | 'procfs' | null
}

export type Task = {
  tid: number
  pid: number
  startNs: string
  comm: string
  patchState: PatchState
  kthread: boolean
  idle: boolean
  cpu: number | null
}

export type BlockedTask = {
  tid: number
  pid: number
  comm: string
  kthread: boolean
  idle: boolean
  reason: BlockReason
  function: string | null
  blame: string | null
  since: string
  /** The newest moment it was seen blocked. */
  lastSeen: string
  /** Counted in the kernel; 0 while no count has come. */
  tries: number
  state: string | null
  cpu: number | null
  /** Kernel stack, innermost first; null when it could not be read. */
  stack: string[] | null
  /** The function a kernel thread runs. */
  runs: string | null
  commandLine: string | null
  cgroup: string | null
  /** The host's systemd unit, never one inside a container. */
  unit: string | null
  /** The unit of the manager of a user, when `unit` is that (user@UID.service). */
  userUnit: string | null
  /** The innermost container: its id, or its name. */
  container: string | null
  /** UID of its Kubernetes pod. */
  pod: string | null
}

/**
 * `loading`: klp_enable_patch has not returned yet. `disabled` and `replaced`: not in effect any more, its release
 * is under way. `released`: the livepatch code is done with it. `removable`: nothing refers to its module. `unknown`:
 * only sysfs shows it, in a transition that began before klpscope: it may be loading, enabling or disabling.
 */
export type PatchLifeState =
  | 'unknown'
  | 'loading'
  | 'enabling'
  | 'enabled'
  | 'disabling'
  | 'disabled'
  | 'replaced'
  | 'released'
  | 'removable'

/** A patch in place, and one that is gone for as long as its module stays loaded. */
export type Patch = ObservedPatch & {
  state: PatchLifeState
  /** Since when it is in this state; null: since before it was first seen. */
  since: string | null
  /** The same on CLOCK_MONOTONIC, in ns. */
  sinceMonoNs: string | null
  /** Who loaded it; null when that was not seen. */
  loadedBy: { pid: number; comm: string } | null
  /** It has been in effect for every task, at least once. */
  wasEnabled: boolean
  replacedBy: string | null
  /** The patches it replaced, or is about to, with their module versions. */
  replaces: { name: string; version: string | null }[]
  /** A transition was forced while it was in place: its module is never let go. */
  forced: boolean
  /** Null: not known. */
  states: { id: string; version: number }[] | null
  callbacks: PatchCallback[] | null
}

export type PatchCallback = {
  object: string
  name: Callback
  /** What became of it last. */
  outcome: 'not-called' | 'running' | 'called' | 'skipped'
  /** Of pre_patch: 0 or a negative error number. */
  returned: number | null
  /** Why it was skipped. */
  cause: string | null
  at: string | null
  /** While it runs: since when on CLOCK_MONOTONIC, in ns, and in whose context (null: not known). */
  running?: { sinceMonoNs: string; by: { pid: number; comm: string } | null }
  basis: Basis | null
}

export type Shadow = {
  /** Whether variables older than the tracer are counted in. */
  adoption: 'pending' | 'complete' | 'unavailable'
  /** When the counts were last compared with the kernel's hash; null: not yet by this tracer. */
  checkedAt: string | null
  ids: ShadowId[]
}

export type ShadowId = {
  id: string
  live: number | null
  /** live × size, when every live variable was seen being allocated and all had one size; else null. */
  liveBytes: number | null
  sizesBytes: number[]
  allocated: number
  freed: number
  found: number
  duplicates: number
  failures: number
  missed: number
  /** Per second, over the last counted interval. */
  allocatedPerS: number
  freedPerS: number
  /** The livepatch that allocated last; null when none was seen to. */
  owner: string | null
  /** Ids of the klp_states it had; null: not known. */
  ownerStates: string[] | null
  /** Functions seen to allocate, those of earlier tracers of this boot (with 0 allocated) included. */
  allocators: ShadowAllocator[]
  /** Livepatches seen to allocate, find or free variables of this id. */
  users: string[]
  /**
   * While nobody was seen to use it: the livepatches that were in place when it was first seen, one of which must have
   * allocated it. Absent once a user is known.
   */
  suspects?: string[]
  /** At the last check; null: not known, or none was live then. */
  ages: Omit<ShadowAges, 'id'> | null
  /** The newest difference between the count and the kernel's hash; the count has been corrected. */
  drift: { counted: number; found: number; at: string; atMonoNs: string } | null
  /** Since when neither its owner nor another patch that uses it is in place, and the event from which on. */
  left: { since: string; sinceMonoNs: string; seq: number } | null
}

/** Columnar: `times[i]` (Unix ms, ascending) belongs to `values[i]`; null is a gap to be drawn as one. */
export type Series = {
  name: string
  times: number[]
  values: (number | null)[]
  /** Lowest and highest value of what one point stands for, where points were drawn together. */
  min?: (number | null)[]
  max?: (number | null)[]
}
