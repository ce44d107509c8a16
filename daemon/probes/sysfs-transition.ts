import type { ObservedPatch } from '../contract/event-parts.ts'
import type { DecodeContext } from './probe-set.ts'

/**
 * Who may say what of a transition, the strongest source first:
 *
 * 1. The attached probes: everything. They see klp_init_transition, klp_start_transition and klp_complete_transition.
 * 2. The kernel log, while no probe is attached: that it started, ended, was forced.
 * 3. sysfs: that a transition runs whose start nobody above could see, or lost; and that one is over whose end was lost.
 *
 * A weaker source never contradicts a stronger one that is able to see. sysfs is the weakest because its files do not
 * mean what they seem to: `transition` reads 1 from klp_init_transition on, while callbacks run and functions are being
 * redirected and no task is concerned; and `enabled` is written only behind klp_start_transition. So 1 and 0 may be a
 * patch being loaded as well as one being disabled, and 1 and 1 one being disabled as well as one being loaded. What
 * tells them apart is what `enabled` was before, and where that is not known the patch states of the tasks:
 * klp_init_transition puts all of them where the transition comes from.
 * Source: kernel/livepatch/core.c, __klp_enable_patch, __klp_disable_patch; transition.c, klp_init_transition.
 */
export type SysfsVerdict =
  | { says: 'none' }
  /** `late`: it had started before the first scan of this run. */
  | { says: 'started'; patch: string; target: 0 | 1; replace: boolean | undefined; late: boolean }
  /** In transition by its files, and not started as far as they tell. */
  | { says: 'not-started'; patch: string }

export type SysfsMemory = {
  /** What `enabled` was while a patch was in no transition, or before it was there at all; absent: never seen so. */
  idle: Map<string, boolean>
  /** Patches of the last scan; null before the first. */
  names: ReadonlySet<string> | null
  /** A patch whose transition has started, as it was found out. */
  started: { patch: string; late: boolean } | null
  /** What the last scan showed in transition, and how many snapshots of all tasks there had been. */
  shown: { patch: string; enabled: boolean; snapshots: number } | null
  /** Snapshots of all tasks so far. */
  snapshots: number
  /** Scans in a row that contradicted what the probes or the log said. */
  disagreed: number
}

export const freshSysfs = (): SysfsMemory => ({
  idle: new Map(),
  names: null,
  started: null,
  shown: null,
  snapshots: 0,
  disagreed: 0,
})

/** What one scan of sysfs says of the running transition, in the light of those before. */
export const judgeScan = (context: DecodeContext, patches: readonly ObservedPatch[]): SysfsVerdict => {
  const memory = context.sysfs
  const names = new Set(patches.map((patch) => patch.name))
  for (const { name, enabled, inTransition } of patches) {
    if (!inTransition) memory.idle.set(name, enabled)
    else if (memory.names !== null && !memory.names.has(name)) memory.idle.set(name, false)
  }
  for (const name of memory.idle.keys()) if (!names.has(name)) memory.idle.delete(name)
  memory.names = names
  const patch = patches.find((each) => each.inTransition)
  const before = memory.shown
  memory.shown = patch ? { patch: patch.name, enabled: patch.enabled, snapshots: memory.snapshots } : null
  if (!patch) {
    memory.started = null
    return { says: 'none' }
  }
  if (memory.started?.patch !== patch.name) {
    const late = !memory.idle.has(patch.name)
    const unchanged =
      before?.patch === patch.name && before.enabled === patch.enabled && memory.snapshots > before.snapshots
    const started = late
      ? unchanged && someTaskIs(context, patch.enabled ? 0 : 1)
      : memory.idle.get(patch.name) !== patch.enabled
    memory.started = started ? { patch: patch.name, late } : null
  }
  if (!memory.started) return { says: 'not-started', patch: patch.name }
  // From here on a change of `enabled` is a reversal.
  memory.idle.delete(patch.name)
  const { late } = memory.started
  return { says: 'started', patch: patch.name, target: patch.enabled ? 1 : 0, replace: patch.replace, late }
}

/** A stronger source tells that a transition is over: what sysfs shows of the patch from now on is another one. */
export const settleSysfs = ({ sysfs }: DecodeContext, patch: string, target: 0 | 1): void => {
  sysfs.started = null
  sysfs.idle.set(patch, target === 1)
}

const someTaskIs = ({ tasks }: DecodeContext, patchState: 0 | 1): boolean =>
  [...tasks.values()].some((task) => task.patchState === patchState)
