import type { Event, EventOf } from '../contract/event.ts'
import type { LivepatchModule, ObservedPatch } from '../contract/event-parts.ts'
import type { Patch, PatchLifeState, Transition } from '../contract/state.ts'
import { isTracerPart } from '../contract/tracer-part.ts'
import type { CoreState } from './core-state.ts'
import {
  adoptInventory,
  fillPatched,
  forgetRunning,
  markCallback,
  registerCallbacks,
} from './patch-callbacks.ts'

/** Patches without a module in the record are not kept for ever. */
const goneKept = 20

/** The patches in place, oldest first where the kernel tells the order, and those on their way out. */
export const reducePatches = (state: CoreState, event: Event): CoreState => {
  const patches = nextPatches(state, event)
  return patches === state.patches ? state : { ...state, patches }
}

const nextPatches = (state: CoreState, event: Event): readonly Patch[] => {
  const { patches } = state
  const change = (name: string, to: (patch: Patch) => Patch): readonly Patch[] =>
    patches.some((patch) => patch.name === name)
      ? patches.map((patch) => (patch.name === name ? to(patch) : patch))
      : patches
  const enter = (name: string, next: PatchLifeState, now: Partial<Patch>, always: Partial<Patch> = {}) =>
    change(name, (patch) =>
      isLate(patch, event) ? { ...patch, ...always } : { ...inState(patch, next, event), ...now, ...always },
    )
  switch (event.kind) {
    case 'tracer-started':
      return withoutRunning(patches)
    case 'tracer-gap':
      return isTracerPart(event.source) ? withoutRunning(patches) : patches
    case 'patches-observed':
      return observe(patches, event, state.transition)
    case 'patch-loading':
      return [...patches.filter((patch) => patch.name !== event.patch), loading(patches, event)]
    case 'patch-load-refused':
      return without(patches, (patch) => patch.name === event.patch && patch.state === 'loading')
    case 'transition-started':
    case 'transition-reversed':
      return enter(event.patch, event.direction === 'patching' ? 'enabling' : 'disabling', {
        inTransition: true,
        enabled: event.direction === 'patching',
      })
    case 'patch-enabled':
      return enter(event.patch, 'enabled', { enabled: true, inTransition: false }, { wasEnabled: true })
    case 'patch-disabled':
      return enter(event.patch, 'disabled', { enabled: false, inTransition: false })
    case 'patch-replaced':
      return enter(
        event.patch,
        'replaced',
        { enabled: false },
        { replacedBy: event.by, ...(event.forced ? { forced: true } : {}) },
      )
    case 'patch-released':
      // sysfs may have shown it first.
      return change(event.patch, (patch) =>
        patch.state === 'removable' || isLate(patch, event) ? patch : inState(patch, 'released', event),
      )
    case 'object-patched':
    case 'object-unpatched': {
      const patched = event.kind === 'object-patched'
      const isNews = (object: Patch['objects'][number]) =>
        object.name === event.object && object.patched !== patched
      return patches.some((patch) => patch.name === event.patch && patch.objects.some(isNews))
        ? change(event.patch, (patch) => ({
            ...patch,
            objects: patch.objects.map((object) => (isNews(object) ? { ...object, patched } : object)),
          }))
        : patches
    }
    case 'state-registered':
      return change(event.patch, (patch) => ({
        ...patch,
        states: [
          ...(patch.states ?? []).filter((each) => each.id !== event.id),
          { id: event.id, version: event.version },
        ],
      }))
    case 'patches-inventoried':
      return event.patches.reduce(
        (all, inventoried) =>
          all.map((patch) => (patch.name === inventoried.name ? adoptInventory(patch, inventoried) : patch)),
        patches,
      )
    case 'callbacks-registered':
      return change(event.patch, (patch) => registerCallbacks(patch, event.object, event.callbacks))
    case 'callback-entered':
    case 'callback-called':
    case 'callback-skipped':
      return change(event.patch, (patch) => markCallback(patch, event))
    default:
      return patches
  }
}

const without = (patches: readonly Patch[], leaves: (patch: Patch) => boolean): readonly Patch[] =>
  patches.some(leaves) ? patches.filter((patch) => !leaves(patch)) : patches

const withoutRunning = (patches: readonly Patch[]): readonly Patch[] =>
  patches.some((patch) => forgetRunning(patch) !== patch) ? patches.map(forgetRunning) : patches

/** A busy machine hands a tracer's records over after a look at sysfs that shows more than they tell. */
const isLate = (patch: Patch, event: Event): boolean =>
  patch.sinceMonoNs !== null && BigInt(event.monoNs) < BigInt(patch.sinceMonoNs)

const inState = (patch: Patch, state: PatchLifeState, event: Event): Patch =>
  patch.state === state ? patch : { ...patch, state, since: event.time, sinceMonoNs: event.monoNs }

const unseen: Omit<Patch, keyof ObservedPatch | 'state'> = {
  since: null,
  sinceMonoNs: null,
  loadedBy: null,
  wasEnabled: false,
  replacedBy: null,
  replaces: [],
  forced: false,
  states: null,
  callbacks: null,
}

const loading = (patches: readonly Patch[], event: EventOf<'patch-loading'>): Patch => ({
  ...unseen,
  name: event.patch,
  enabled: false,
  inTransition: false,
  replace: event.replace,
  ...(event.version === undefined ? {} : { version: event.version }),
  objects: [],
  state: 'loading',
  since: event.time,
  sinceMonoNs: event.monoNs,
  loadedBy: event.pid === undefined ? null : { pid: event.pid, comm: event.comm ?? '' },
  replaces: event.replace
    ? patches
        .filter((patch) => patch.enabled && patch.name !== event.patch)
        .map(({ name, version }) => ({ name, version: version ?? null }))
    : [],
  states: [],
  callbacks: [],
})

/** sysfs has the last word on what is in place; what it does not show is on its way out, or not yet in. */
const observe = (
  before: readonly Patch[],
  event: EventOf<'patches-observed'>,
  transition: Transition | null,
): Patch[] => {
  const modules = new Map(event.modules?.map((module) => [module.name, module]))
  const shown = new Set(event.patches.map((patch) => patch.name))
  const known = new Map(before.map((patch) => [patch.name, patch]))
  const inPlace = event.patches
    .map((patch): Patch => {
      const last = known.get(patch.name)
      const state = patch.inTransition
        ? inTransition(patch, last, transition, event.first === true)
        : settled(patch, last)
      const wasEnabled = last?.wasEnabled || state === 'enabled'
      const objects = fillPatched(patch.objects, last?.objects ?? [])
      return inState({ ...unseen, state, ...last, ...patch, objects, wasEnabled }, state, event)
    })
    .sort((a, b) => (a.stackOrder ?? 0) - (b.stackOrder ?? 0))
  const gone = before
    .filter((patch) => !shown.has(patch.name))
    .flatMap((patch) => leaving(patch, event, modules.get(patch.name)))
  const found = [...modules.values()]
    .filter((module) => !known.has(module.name) && !shown.has(module.name))
    .map(
      (module): Patch => ({
        ...unseen,
        ...bare(module),
        state: module.refcount === 0 ? 'removable' : 'released',
      }),
    )
  return [...gone.slice(-goneKept), ...found, ...inPlace]
}

/** Not under /sys/kernel/livepatch (any more). */
const leaving = (
  patch: Patch,
  event: EventOf<'patches-observed'>,
  module: LivepatchModule | undefined,
): Patch[] => {
  // Its entry in sysfs is made after the load began.
  if (patch.state === 'loading' && patch.sinceMonoNs !== null && !module) return [patch]
  // Records without modules: only what was seen going is kept.
  if (!module) return event.modules || !['replaced', 'released'].includes(patch.state) ? [] : [patch]
  const now: Patch = { ...patch, ...module, enabled: false, inTransition: false }
  if (module.refcount === 0) return [inState(now, 'removable', event)]
  return [
    ['replaced', 'released', 'disabled', 'loading'].includes(patch.state)
      ? now
      : inState(now, 'disabled', event),
  ]
}

const bare = (module: LivepatchModule) => ({ ...module, enabled: false, inTransition: false, objects: [] })

/**
 * The files of a patch in transition do not tell its direction (see daemon/probes/sysfs-transition.ts): the transition
 * that is known does, and otherwise what the patch was before.
 */
const inTransition = (
  { name, enabled }: ObservedPatch,
  last: Patch | undefined,
  transition: Transition | null,
  first: boolean,
): PatchLifeState => {
  if (transition?.patch === name) return transition.direction === 'patching' ? 'enabling' : 'disabling'
  if (first || last?.state === 'unknown') return 'unknown'
  // `enabled` is written once the transition has started: as it was before, it tells of one that is being prepared.
  if (last?.state === 'enabled' || last?.state === 'disabling') return 'disabling'
  if (enabled) return 'enabling'
  return last?.state === 'enabling' ? 'disabling' : 'loading'
}

/** enabled of /sys/kernel/livepatch/<patch> out of a transition, kernel/livepatch/core.c. */
const settled = (patch: ObservedPatch, last: Patch | undefined): PatchLifeState => {
  if (patch.enabled) return 'enabled'
  // Its entry is there before its transition begins, and until its release ends.
  return last?.state === 'loading' || last?.state === 'replaced' ? last.state : 'disabled'
}
