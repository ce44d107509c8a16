import type { Callback } from '../contract/callback.ts'
import type { EventDraft } from '../contract/event.ts'
import type { InventoriedPatch } from '../contract/inventory.ts'
import { objectFact } from '../raw/enums.ts'
import type { LogFact } from './kernel-log.ts'

/** What decoding remembers of patches between records; transitions and loads are serialised by klp_mutex. */
export type LifecycleMemory = {
  /** What the probes see: without them the kernel log alone tells of refusals. */
  sees: { loads: boolean; modules: boolean }
  /** Between klp_enable_patch and its return, by patch. */
  loads: Map<string, Load>
  /** The module being loaded or removed under patches, and what has happened to it so far. */
  module: PassingModule | null
  /** How the transition of a patch began, by patch; absent when nobody saw it. */
  began: Map<string, 'enabling' | 'disabling'>
  /** Objects of a patch being disabled whose pre_unpatch callbacks have not all returned. */
  disabling: PatchObject[]
  /** Objects of the patch whose transition is just ending. */
  settling: PatchObject[]
  /** The patch that replaces those whose objects follow, and which of them have been told of. */
  replacing: { by: string; told: Set<string> }
  /** klp_state ids and versions of the patches in place, by patch. */
  states: Map<string, Map<string, number>>
  /** The newest lines of the kernel log that say something about livepatching, oldest first. */
  log: { monoNs: string; fact: LogFact }[]
  /** Refusals whose details the kernel log may still tell. */
  waiting: WaitingRefusal[]
}

export type Who = { pid: number; tid: number; comm: string }

export type Load = {
  monoNs: string
  patch: string
  version: string | undefined
  replace: boolean
  who: Who
  states: Map<string, number>
  /** Verdict of klp_is_patch_compatible; null: it was never asked. */
  compatible: boolean | null
  /** klp_init_transition was reached: from here on only a callback or ftrace can fail. */
  began: boolean
  objects: PatchObject[]
  /** Objects patched so far. */
  patched: Set<string>
  /** The object whose pre_patch callback was entered last. */
  entered: string | null
  /** Objects whose pre_patch callback has been told to have succeeded. */
  prepared: Set<string>
  failure: ObjectFailure | null
  /** The transition that ran when the load was asked for, if any. */
  runningPatch: string | null
}

/** `resolve`: klp_init_object_loaded, `patch`: klp_patch_object, `pre-patch`: the callback before it. */
export type ObjectFailure = { step: 'resolve' | 'patch' | 'pre-patch'; object: string; errno: number }

export type PassingModule = {
  name: string
  /** The patch that was looked at last. */
  patch: string | null
  failure: ObjectFailure | null
  /** Whether klp_patch_object succeeded for the patch looked at last. */
  patched: boolean
  /** Called once the kernel is through with the object. */
  queued: EventDraft[]
}

export type WaitingRefusal = {
  monoNs: string
  /** Log lines that arrived before belong to something else. */
  sinceNs: string
  complete: (log: readonly LogFact[]) => { event: EventDraft; detailed: boolean }
}

/** A klp_object at one moment; see enum object_facts of bpf/records.h. */
export type PatchObject = {
  patch: string
  object: string
  callbacks: Callback[]
  postUnpatchEnabled: boolean
  patched: boolean
  loaded: boolean
  /** A transition was forced while the patch was in place. */
  forced: boolean
}

const callbackFacts: readonly (readonly [Callback, number])[] = [
  ['pre_patch', objectFact.PRE_PATCH],
  ['post_patch', objectFact.POST_PATCH],
  ['pre_unpatch', objectFact.PRE_UNPATCH],
  ['post_unpatch', objectFact.POST_UNPATCH],
]

export const patchObject = (patch: string, object: string, facts: number): PatchObject => ({
  patch,
  object: object || 'vmlinux',
  callbacks: callbackFacts.filter(([, fact]) => facts & fact).map(([callback]) => callback),
  postUnpatchEnabled: (facts & objectFact.POST_UNPATCH_ENABLED) !== 0,
  patched: (facts & objectFact.PATCHED) !== 0,
  loaded: (facts & objectFact.LOADED) !== 0,
  forced: (facts & objectFact.FORCED) !== 0,
})

export const freshLifecycle = (): LifecycleMemory => ({
  sees: { loads: false, modules: false },
  loads: new Map(),
  module: null,
  began: new Map(),
  disabling: [],
  settling: [],
  replacing: { by: '', told: new Set() },
  states: new Map(),
  log: [],
  waiting: [],
})

/** What was under way when the probes were lost went on unseen. */
export const forgetLifecycle = (memory: LifecycleMemory): void => {
  const { log, waiting, states } = memory
  Object.assign(memory, freshLifecycle(), { log, waiting, states })
}

/** The states of patches that were in place before the probes. */
export const adoptStates = (memory: LifecycleMemory, patches: readonly InventoriedPatch[]): void => {
  for (const { name, enabled, states } of patches) {
    if (enabled && !memory.states.has(name))
      memory.states.set(name, new Map(states.map(({ id, version }) => [id, version])))
  }
}
