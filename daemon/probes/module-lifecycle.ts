import type { EventDraft } from '../contract/event.ts'
import { objectMoment } from '../raw/enums.ts'
import {
  afterModuleWent,
  beforeModuleGoes,
  beforePatching,
  entered,
  enterNext,
  onModuleCame,
  prePatchFailed,
} from './callbacks.ts'
import {
  type LifecycleMemory,
  type ObjectFailure,
  type PassingModule,
  patchObject,
} from './lifecycle-memory.ts'
import { stories, toldByProbe } from './log-check.ts'
import type { DecodeContext, RecordDecoders } from './probe-set.ts'
import { notPatched, prePatchRefusal, unresolved } from './refusal.ts'
import { holdRefusal } from './waiting-refusals.ts'

/** Objects being patched and unpatched, and modules that come and go under patches. */
export const moduleRecords = {
  'object-resolved': ({ patch, object, result, ...record }, context) => {
    const monoNs = String(record.monoNs)
    const errno = 0 - result
    const { module, loads } = context.lifecycle
    const failure = errno === 0 ? null : { step: 'resolve' as const, object, errno }
    const load = loads.get(patch)
    if (module?.name === object) {
      Object.assign(module, { patch, failure, patched: false })
      // klp_module_coming calls pre_patch next.
      return failure || !hasPrePatch(context, patch, object)
        ? []
        : [entered({ patch, object }, 'pre_patch', monoNs, null)]
    }
    if (load && failure) load.failure = failure
    return []
  },

  'object-patching': ({ patch, object: name, monoNs }, context) => {
    const load = context.lifecycle.loads.get(patch)
    const object = load?.objects.find((each) => each.object === name)
    if (!load || !object) return []
    load.prepared.add(name)
    return beforePatching(object, String(monoNs))
  },

  'object-patched': ({ patch, object: name, result, facts, ...record }, context) => {
    const monoNs = String(record.monoNs)
    const errno = 0 - result
    const object = patchObject(patch, name, facts)
    const { module, loads } = context.lifecycle
    const load = loads.get(patch)
    const coming = module?.name === name ? module : null
    const events = load?.prepared.has(object.object) ? [] : beforePatching(object, monoNs)
    if (errno !== 0) {
      const failure = { step: 'patch' as const, object: name, errno }
      if (coming) coming.failure = failure
      else if (load) load.failure = failure
      // klp_module_coming undoes pre_patch by itself; a load does it where the transition ends.
      return coming ? [...events, ...afterModuleWent(object, monoNs)] : events
    }
    if (coming) coming.patched = true
    load?.patched.add(object.object)
    const inTransition = context.transition?.patch === patch
    return [
      ...events,
      { kind: 'object-patched', monoNs, patch, object: object.object },
      ...(coming ? onModuleCame(object, inTransition, monoNs) : load ? enterNext(load, monoNs) : []),
    ]
  },

  'object-unpatched': ({ patch, object: name, facts, moment, ...record }, context) => {
    const monoNs = String(record.monoNs)
    const object = patchObject(patch, name, facts)
    const going = moment === objectMoment.MODULE_GOES
    // klp_patch_object that fails takes back what it did.
    if (!object.patched) return []
    const { lifecycle: memory } = context
    const events: EventDraft[] = []
    // The first patch to let go of a module tells of it.
    if (going && memory.module?.name !== name) {
      memory.module = passing(name)
      events.push({ kind: 'module-going', monoNs, object: name })
    }
    if (memory.module?.name === name) {
      memory.module.queued.push(...afterModuleWent(object, monoNs))
      events.push(...beforeModuleGoes(object, context.transition?.patch === patch, monoNs))
    }
    return [...events, { kind: 'object-unpatched', monoNs, patch, object: object.object }]
  },

  'module-coming': ({ module: object, monoNs }, context) => {
    context.lifecycle.module = passing(object)
    return [{ kind: 'module-coming', monoNs: String(monoNs), object }]
  },

  'module-came': ({ module: name, result, ...record }, context) => {
    const monoNs = String(record.monoNs)
    const { lifecycle: memory } = context
    const { module } = memory
    memory.module = null
    if (module?.name !== name) return []
    const undone = module.queued.map((event) => ({ ...event, monoNs }))
    if (result === 0) return undone
    toldByProbe(context.logCheck, stories.moduleRefusal(name), monoNs)
    return [...refused(memory, module, 0 - result, monoNs), ...undone]
  },

  'module-gone': ({ module: name, ...record }, context) => {
    const monoNs = String(record.monoNs)
    const { module } = context.lifecycle
    context.lifecycle.module = null
    return module?.name === name ? module.queued.map((event) => ({ ...event, monoNs })) : []
  },
} satisfies RecordDecoders

/** By the kernel's own structures, as they were read last. */
const hasPrePatch = ({ inventory }: DecodeContext, patch: string, object: string): boolean =>
  inventory.current?.patches.find((each) => each.name === patch)?.objects.find((each) => each.name === object)
    ?.callbacks.pre_patch !== undefined

const passing = (name: string): PassingModule => ({
  name,
  patch: null,
  failure: null,
  patched: false,
  queued: [],
})

/** klp_module_coming failed at the patch it looked at last. */
const refused = (
  memory: LifecycleMemory,
  module: PassingModule,
  errno: number,
  monoNs: string,
): EventDraft[] => {
  const { name: object, patch } = module
  const failure: ObjectFailure = module.failure ?? { step: 'pre-patch', object, errno }
  const why = { resolve: unresolved, patch: notPatched, 'pre-patch': prePatchRefusal }[failure.step]
  const of = patch === null ? {} : { patch }
  return [
    ...(failure.step === 'pre-patch' && patch !== null ? prePatchFailed(patch, object, errno, monoNs) : []),
    ...holdRefusal(memory, {
      monoNs,
      sinceNs: monoNs,
      complete: (log) => {
        const { detailed, cause, ...refusal } = why(failure, log)
        const because = patch === null ? cause : `${patch} cannot be applied to it: ${cause}`
        const event = {
          kind: 'module-refused',
          monoNs,
          object,
          errno,
          cause: because,
          ...refusal,
          ...of,
        } as const
        return { event, detailed }
      },
    }),
  ]
}
