import type { Patch, PatchCallback } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/**
 * What a patch does under klp_mutex before its transition starts: while it lasts, no other patch can be loaded,
 * disabled or reversed, and no module can be loaded or removed.
 * Source: kernel/livepatch/core.c, klp_enable_patch, enabled_store, klp_module_coming.
 */
export type Preparation = {
  patch: string
  /** e.g. `loading, in its pre_patch callback for vmlinux` */
  doing: string
  /** Null: since before it was first seen. */
  since: string | null
  /** The same on CLOCK_MONOTONIC, in ns. */
  sinceMonoNs: string | null
  /** The process that waits in the kernel for it; null: not known. */
  by: { pid: number; comm: string } | null
  /** Whether it is sure to hold klp_mutex. */
  holdsMutex: boolean
}

/** What is being prepared now; first what holds up the others. */
export const preparationsOf = ({ patches, transition }: CoreState): Preparation[] =>
  patches
    .flatMap((patch) => (patch.name === transition?.patch ? [] : preparationOf(patch)))
    .sort((a, b) => Number(b.holdsMutex) - Number(a.holdsMutex))

const preparationOf = (patch: Patch): Preparation[] => {
  const { name, state, since, sinceMonoNs, enabled, inTransition, loadedBy } = patch
  const running = patch.callbacks?.find((callback) => callback.outcome === 'running')
  if (running) return [inCallback(patch, running)]
  const own = (doing: string, by: Preparation['by']): Preparation[] => [
    { patch: name, doing, since, sinceMonoNs, by, holdsMutex: inTransition },
  ]
  switch (state) {
    case 'loading':
      return own(inTransition ? 'loading, in its callbacks or patching its objects' : 'loading', loadedBy)
    case 'disabling':
      // `enabled` is written when its transition has started.
      return enabled ? own('being disabled, in its pre_unpatch callbacks', null) : []
    case 'unknown':
      return [
        {
          patch: name,
          doing: 'in transition by sysfs; whether it is being loaded or disabled is not known yet',
          since: null,
          sinceMonoNs: null,
          by: null,
          holdsMutex: false,
        },
      ]
    default:
      return []
  }
}

const inCallback = ({ name, state }: Patch, callback: PatchCallback): Preparation => {
  const { object, at, running } = callback
  const inIt = `in its ${callback.name} callback for ${object}`
  const doing =
    callback.name === 'pre_unpatch'
      ? `being disabled, ${inIt}`
      : state === 'loading'
        ? `loading, ${inIt}`
        : `${inIt}, a module that is being loaded`
  return {
    patch: name,
    doing,
    since: at,
    sinceMonoNs: running?.sinceMonoNs ?? null,
    by: running?.by ?? null,
    holdsMutex: true,
  }
}

/** In one line. */
export const describePreparation = ({ patch, doing, holdsMutex }: Preparation): string =>
  `${patch}: ${doing}${holdsMutex ? '; no other patch can be loaded, disabled or reversed meanwhile, and no module can come or go' : ''}`

/** Nothing that would wait for klp_mutex as well. */
export const adviseOnPreparation = ({ by, holdsMutex }: Preparation): string =>
  by
    ? `See where ${by.comm} (${by.pid}) waits in the kernel: read /proc/${by.pid}/stack. Only the patch's own code can end it; insmod, rmmod and writes to sysfs files of livepatches would wait behind it.`
    : holdsMutex
      ? "Find the insmod, modprobe or shell that waits in the kernel, and see where: /proc/<pid>/stack. Only the patch's own code can end it; insmod, rmmod and writes to sysfs files of livepatches would wait behind it."
      : 'It may be waiting for another patch or module that is being loaded or removed: see which one.'
