import type { Callback } from '../contract/callback.ts'
import type { EventDraft, EventOf } from '../contract/event.ts'
import type { LifecycleMemory, Load, PatchObject } from './lifecycle-memory.ts'

/**
 * Which callbacks ran. The kernel's helpers (klp_pre_patch_callback and its siblings) are inlined and cannot be
 * probed, so this follows from the order of its steps: between two of them that were observed there is no way
 * around the callback. Source: kernel/livepatch/core.c, core.h, transition.c.
 */

const called = (object: PatchObject, callback: Callback, monoNs: string, returned?: number): EventDraft[] =>
  object.callbacks.includes(callback)
    ? [
        {
          kind: 'callback-called',
          monoNs,
          patch: object.patch,
          object: object.object,
          callback,
          ...(returned === undefined ? {} : { returned }),
          basis: 'inferred',
        },
      ]
    : []

type Who = { pid: number; tid: number; comm: string }

/** A callback has begun, and nothing has been seen of what follows it. */
export const entered = (
  { patch, object }: Pick<PatchObject, 'patch' | 'object'>,
  callback: Callback,
  monoNs: string,
  by: Who | null,
): EventDraft => {
  const who = by ? { pid: by.pid, tid: by.tid, comm: by.comm } : {}
  return { kind: 'callback-entered', monoNs, patch, object, callback, basis: 'inferred', ...who }
}

type Reason = NonNullable<EventOf<'callback-skipped'>['reason']>

const skipped = (
  object: PatchObject,
  callback: Callback,
  monoNs: string,
  reason: Reason,
  cause: string,
): EventDraft[] =>
  object.callbacks.includes(callback)
    ? [
        {
          kind: 'callback-skipped',
          monoNs,
          patch: object.patch,
          object: object.object,
          callback,
          cause,
          reason,
          basis: 'inferred',
        },
      ]
    : []

/**
 * __klp_enable_patch takes a patch's loaded objects one by one: pre_patch, then klp_patch_object. The next one's
 * callback runs from the moment the one before is patched.
 */
export const enterNext = (load: Load, monoNs: string): EventDraft[] => {
  const next = load.objects.find((object) => object.loaded && !load.patched.has(object.object))
  if (!next || load.entered === next.object || !next.callbacks.includes('pre_patch')) return []
  load.entered = next.object
  return [entered(next, 'pre_patch', monoNs, load.who)]
}

/** klp_patch_object is only called once pre_patch has returned 0. */
export const beforePatching = (object: PatchObject, monoNs: string): EventDraft[] =>
  called(object, 'pre_patch', monoNs, 0)

/** Nothing else between two observed steps could fail. */
export const prePatchFailed = (
  patch: string,
  object: string,
  errno: number,
  monoNs: string,
): EventDraft[] => [
  {
    kind: 'callback-called',
    monoNs,
    patch,
    object,
    callback: 'pre_patch',
    returned: -errno,
    basis: 'inferred',
  },
]

/**
 * Which of several runs cannot be seen: they are all called between klp_init_transition and klp_start_transition.
 * @param by null when that is still to be told: it comes from another probe of klp_init_transition, and which of the two
 * runs first is up to the kernel
 */
export const enterDisabling = (
  object: PatchObject,
  memory: LifecycleMemory,
  monoNs: string,
  by: Who | null,
): EventDraft[] => {
  if (!object.patched || !object.callbacks.includes('pre_unpatch')) return []
  const first = memory.disabling.length === 0
  memory.disabling.push(object)
  return first && by ? [entered(object, 'pre_unpatch', monoNs, by)] : []
}

/** Who disables the patch whose objects have been told already. */
export const whoDisables = (memory: LifecycleMemory, monoNs: string, by: Who): EventDraft[] =>
  memory.disabling.slice(0, 1).map((object) => entered(object, 'pre_unpatch', monoNs, by))

/** klp_start_transition: the callbacks before it have returned. */
export const leaveDisabling = (memory: LifecycleMemory, monoNs: string): EventDraft[] =>
  memory.disabling.splice(0).flatMap((object) => beforeDisabling(object, monoNs))

/** __klp_disable_patch calls pre_unpatch for every patched object before it starts the transition. */
export const beforeDisabling = (object: PatchObject, monoNs: string): EventDraft[] =>
  object.patched ? called(object, 'pre_unpatch', monoNs) : []

/** klp_unpatch_replaced_patches takes the objects of a replaced patch away without a callback. */
export const onReplace = (object: PatchObject, by: string, monoNs: string): EventDraft[] => {
  if (!object.patched) return []
  const cause = `${by} replaced ${object.patch}; an atomic replace runs only the new patch's callbacks`
  return [
    ...skipped(object, 'pre_unpatch', monoNs, 'replaced', cause),
    ...skipped(object, 'post_unpatch', monoNs, 'replaced', cause),
  ]
}

export type Ending = {
  target: 0 | 1
  began: 'enabling' | 'disabling' | undefined
  cancelled: boolean
}

/** klp_complete_transition calls post_patch or post_unpatch for every loaded object. */
export const onEnding = (object: PatchObject, ending: Ending, monoNs: string): EventDraft[] => {
  if (!object.loaded) return []
  if (ending.target === 1) return called(object, 'post_patch', monoNs)
  const post = object.postUnpatchEnabled
    ? called(object, 'post_unpatch', monoNs)
    : // Objects after the one whose pre_patch failed were never touched.
      ending.cancelled
      ? []
      : skipped(
          object,
          'post_unpatch',
          monoNs,
          'pre-patch-failed',
          'its pre_patch callback had not run successfully',
        )
  if (ending.cancelled || ending.began !== 'enabling') return post
  const cause = 'the transition was reversed before it had completed'
  return [
    ...skipped(object, 'post_patch', monoNs, 'reversed', cause),
    ...skipped(object, 'pre_unpatch', monoNs, 'reversed', cause),
    ...post,
  ]
}

/** klp_module_coming, after klp_patch_object succeeded: a patch still in transition does it at its end. */
export const onModuleCame = (object: PatchObject, inTransition: boolean, monoNs: string): EventDraft[] =>
  inTransition ? [] : called(object, 'post_patch', monoNs)

/** klp_cleanup_module_patches_limited, before it unpatches an object whose module goes. */
export const beforeModuleGoes = (object: PatchObject, inTransition: boolean, monoNs: string): EventDraft[] =>
  inTransition
    ? skipped(
        object,
        'pre_unpatch',
        monoNs,
        'module-going',
        `${object.object} goes while the patch is in transition`,
      )
    : called(object, 'pre_unpatch', monoNs)

export const afterModuleWent = (object: PatchObject, monoNs: string): EventDraft[] =>
  object.postUnpatchEnabled ? called(object, 'post_unpatch', monoNs) : []
