import type { EventDraft } from '../contract/event.ts'
import type { ObservedTask, PatchState, Requester } from '../contract/event-parts.ts'
import type { RecordName, RecordOf } from '../raw/records.ts'
import type { TracingLink } from './blame.ts'
import type { ClockMemory } from './clock-memory.ts'
import { type FunctionCallsMemory, freshFunctionCalls } from './function-calls-memory.ts'
import { freshInventory, type InventoryMemory } from './inventory-memory.ts'
import { freshLifecycle, type LifecycleMemory } from './lifecycle-memory.ts'
import { freshLogCheck, type LogCheckMemory } from './log-check.ts'
import type { LogClock } from './log-clock.ts'
import type { TransitionFact } from './log-transitions.ts'
import type { UnlistedBlock } from './logged-block.ts'
import { freshShadowCallers, type ShadowCallersMemory } from './shadow-callers.ts'
import { freshShadowCounters, type ShadowCountersMemory } from './shadow-counters.ts'
import { freshStacks, type StacksMemory } from './stacks.ts'
import type { SymbolsMemory } from './symbols.ts'
import { freshSysfs, type SysfsMemory } from './sysfs-transition.ts'
import { freshTaskCounts, type TaskCountsMemory } from './task-counts.ts'
import { freshTaskList, type TaskListMemory } from './task-list.ts'
import type { ToldBlocks } from './told-blocks.ts'

/** What decoding remembers between records; owned by one decoder, touched by nothing else. */
export type DecodeContext = {
  /** The transition as the probes, the kernel log and sysfs tell it; null: none known. */
  transition: RunningTransition | null
  /** The task that cancels a transition (a pre-patch callback failed), until its end is told. */
  cancelledBy: { pid: number; tid: number; comm: string } | null
  /** The task that prepares a transition, from klp_init_transition to klp_start_transition; null: none does. */
  asking: (Requester & { tid: number }) | null
  /** Tracing programs that are attached, as last listed. */
  links: TracingLink[]
  /** Rows of the list of them that is being read. */
  linkRows: RecordOf<'tracing-link'>[]
  symbols: SymbolsMemory
  stacks: StacksMemory
  /** Names of modules that are livepatches. */
  livepatches: Set<string>
  /** Lines of the list of ftrace sites that is being read. */
  sites: string[]
  /** Loads under way, callbacks, refusals; see probes/lifecycle.ts. */
  lifecycle: LifecycleMemory
  inventory: InventoryMemory
  functionCalls: FunctionCallsMemory
  /** Idle tasks by CPU: their patch state, when it was first read to be so, and when it was last read. */
  idle: Map<number, { patchState: PatchState; asOfMonoNs: string; readMonoNs: string }>
  taskCounts: TaskCountsMemory
  taskList: TaskListMemory
  /** Records lost so far, by their kind, as the tracer accounted for them last. */
  lost: Map<number, bigint>
  shadowCounters: ShadowCountersMemory
  shadowCallers: ShadowCallersMemory
  /** The last snapshot of all tasks, by key (see taskKey). */
  tasks: Map<number, ObservedTask>
  /** The last sysfs scan, as JSON, to tell whether anything changed. */
  patches: string
  /** What earlier scans of sysfs showed of transitions. */
  sysfs: SysfsMemory
  /** Whether the transition probes are attached: see sysfs-transition.ts for what sysfs may say then. */
  attached: boolean
  /** Null before the clocks were told for the first time. */
  clock: ClockMemory | null
  /** Whether the probes that tell of blocked tasks are. */
  tasksAttached: boolean
  /** Whether those that tell of signal rounds are. */
  signalsAttached: boolean
  /** Whether those are by which shadow variables are counted: otherwise only the walk of the hash knows. */
  shadowAttached: boolean
  logClock: LogClock | null
  /** The sequence number that the kernel log's next record has at least; null: none has been seen. */
  logNext: number | null
  logCheck: LogCheckMemory
  /** The newest that the kernel log said of transitions while the probes were there to tell. */
  loggedTransitions: { fact: TransitionFact; monoNs: string }[]
  toldBlocks: ToldBlocks
  unlistedBlocks: UnlistedBlock[]
  /** Time of the last event that was told. */
  toldNs: bigint
}

export type RunningTransition = {
  patch: string
  target: 0 | 1
  /** nsecs of its start as the kernel-side maps key it; `0` when it began before the probes. */
  generation: string
  toldBy: 'probe' | 'kernel-log' | 'sysfs'
  /** Seen in sysfs before the kernel log has told of its start: the next line of a start is its own. */
  startToCome: boolean
  reversing: boolean
}

export const freshContext = (): DecodeContext => ({
  transition: null,
  cancelledBy: null,
  asking: null,
  links: [],
  linkRows: [],
  symbols: new Map(),
  stacks: freshStacks(),
  livepatches: new Set(),
  sites: [],
  lifecycle: freshLifecycle(),
  inventory: freshInventory(),
  functionCalls: freshFunctionCalls(),
  idle: new Map(),
  taskCounts: freshTaskCounts(),
  taskList: freshTaskList(),
  lost: new Map(),
  shadowCounters: freshShadowCounters(),
  shadowCallers: freshShadowCallers(),
  tasks: new Map(),
  patches: '',
  sysfs: freshSysfs(),
  attached: false,
  clock: null,
  tasksAttached: false,
  signalsAttached: false,
  shadowAttached: true,
  logClock: null,
  logNext: null,
  logCheck: freshLogCheck(),
  loggedTransitions: [],
  toldBlocks: new Map(),
  unlistedBlocks: [],
  toldNs: 0n,
})

/** By kind of record of the tracer. */
export type RecordDecoders = {
  [Name in RecordName]?: (record: RecordOf<Name>, context: DecodeContext) => EventDraft[]
}

/** A part of the tracer: what it is good for, and how its records become events. */
export type ProbeSet = {
  /** File stem under bpf/. */
  stem: string
  /** What a person loses without it. */
  purpose: string
  decoders: RecordDecoders
}
