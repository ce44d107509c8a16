import type { EventDraft } from '../contract/event.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import { objectMoment } from '../raw/enums.ts'
import { acceptLoad } from './accept-load.ts'
import {
  beforeDisabling,
  enterDisabling,
  enterNext,
  leaveDisabling,
  onEnding,
  onReplace,
  prePatchFailed,
} from './callbacks.ts'
import { type LifecycleMemory, type Load, type PatchObject, patchObject } from './lifecycle-memory.ts'
import { stories, toldByProbe } from './log-check.ts'
import { moduleRecords } from './module-lifecycle.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'
import { whyRefused } from './refusal.ts'
import { learnLivepatches } from './shadow-callers.ts'
import { addressOf, whoOf } from './task-id.ts'
import { holdRefusal } from './waiting-refusals.ts'

/** Loads, refusals, callbacks, states, replaces and releases. Source: kernel/livepatch/core.c. */
export const lifecycle: ProbeSet = {
  stem: 'lifecycle',
  purpose: probePurposes.lifecycle,
  decoders: {
    ...moduleRecords,

    'patch-loading': (record, context) => {
      learnLivepatches(context, [record.patch])
      const load: Load = {
        monoNs: String(record.monoNs),
        patch: record.patch,
        version: uncut(record.version) || undefined,
        replace: record.replace,
        who: whoOf(record.by),
        states: new Map(),
        compatible: null,
        began: false,
        objects: [],
        patched: new Set(),
        entered: null,
        prepared: new Set(),
        failure: null,
        runningPatch: context.transition?.patch ?? null,
      }
      context.lifecycle.loads.set(load.patch, load)
      const { monoNs, patch, replace, version, who } = load
      return [
        {
          kind: 'patch-loading',
          monoNs,
          patch,
          replace,
          ...(version === undefined ? {} : { version }),
          ...who,
        },
      ]
    },

    'patch-state': ({ patch, id, version }, context) => {
      context.lifecycle.loads.get(patch)?.states.set(addressOf(id), version)
      return []
    },

    'patch-compatible': ({ patch, result }, context) => {
      const load = context.lifecycle.loads.get(patch)
      if (load) load.compatible = result !== 0
      return []
    },

    'patch-loaded': ({ monoNs, patch, result }, context) => {
      const { lifecycle: memory } = context
      if (result === 0) return acceptLoad(memory, patch)
      const load = memory.loads.get(patch)
      memory.loads.delete(patch)
      return load ? refused(load, 0 - result, String(monoNs), context) : []
    },

    'object-found': (record, context) => {
      const { patch } = record
      const monoNs = String(record.monoNs)
      const object = patchObject(patch, record.object, record.facts)
      const { lifecycle: memory } = context
      // Transitions come one after the other: what still waits for the end of one has missed it.
      if (record.moment === objectMoment.BEFORE_UNPATCH || record.moment === objectMoment.BEFORE_PATCH)
        memory.settling = []
      switch (record.moment) {
        case objectMoment.BEFORE_UNPATCH:
          memory.began.set(patch, 'disabling')
          // Without the start of the transition it could not be told when they have returned.
          return context.attached
            ? enterDisabling(object, memory, monoNs, context.asking)
            : beforeDisabling(object, monoNs)
        case objectMoment.BEFORE_PATCH: {
          memory.began.set(patch, 'enabling')
          const load = memory.loads.get(patch)
          if (load) {
            load.began = true
            load.objects.push(object)
          }
          const { callbacks } = object
          return [
            { kind: 'callbacks-registered', monoNs, patch, object: object.object, callbacks },
            ...(load ? enterNext(load, monoNs) : []),
          ]
        }
        case objectMoment.REPLACED:
          return [...replaced(object, memory, monoNs), ...onReplace(object, memory.replacing.by, monoNs)]
        default:
          memory.settling.push(object)
          return []
      }
    },

    'patch-replacing': ({ patch }, context) => {
      context.lifecycle.replacing = { by: patch, told: new Set() }
      return []
    },

    'patch-settled': ({ patch, result, ...record }, context) => {
      const monoNs = String(record.monoNs)
      const target = result === 1 ? 1 : 0
      const { lifecycle: memory } = context
      // Only klp_cancel_transition ends as unpatched what klp_enable_patch has not started.
      const cancelled = target === 0 && memory.loads.has(patch)
      const ending = { target, began: memory.began.get(patch), cancelled } as const
      const events = [
        // If the start of the transition was lost.
        ...leaveDisabling(memory, monoNs),
        ...memory.settling
          .filter((object) => object.patch === patch)
          .flatMap((object) => onEnding(object, ending, monoNs)),
      ]
      memory.settling = []
      memory.began.delete(patch)
      if (target === 0) memory.states.delete(patch)
      if (cancelled) return events
      return [...events, { kind: target === 1 ? 'patch-enabled' : 'patch-disabled', monoNs, patch }]
    },

    'patch-released': ({ monoNs, module: patch }) =>
      // Empty: another task dropped the last reference; sysfs will show it gone.
      patch === '' ? [] : [{ kind: 'patch-released', monoNs: String(monoNs), patch }],
  },
}

/** A patch has at least one object: its first tells of it. */
const replaced = (object: PatchObject, memory: LifecycleMemory, monoNs: string): EventDraft[] => {
  const { patch, forced } = object
  const { by, told } = memory.replacing
  if (told.has(patch)) return []
  told.add(patch)
  memory.states.delete(patch)
  memory.began.delete(patch)
  return [{ kind: 'patch-replaced', monoNs, patch, by, forced }]
}

const refused = (load: Load, errno: number, monoNs: string, context: DecodeContext): EventDraft[] => {
  const { lifecycle: memory } = context
  const { patch, who } = load
  toldByProbe(context.logCheck, stories.refusal(patch), monoNs)
  const inPlace = new Map(memory.states)
  const failing =
    load.began && !load.failure
      ? load.objects.find((object) => object.loaded && !load.patched.has(object.object))
      : undefined
  return [
    ...(failing ? prePatchFailed(patch, failing.object, errno, monoNs) : []),
    ...holdRefusal(memory, {
      monoNs,
      sinceNs: load.monoNs,
      complete: (log) => {
        const { detailed, ...refusal } = whyRefused(load, errno, log, inPlace)
        return { event: { kind: 'patch-load-refused', monoNs, patch, errno, ...refusal, ...who }, detailed }
      },
    }),
  ]
}

/** VERSION_BYTES of bpf/records.h, with the NUL. */
const longestVersion = 63

/** Nothing for one that may be longer: sysfs tells the whole of it soon. */
const uncut = (version: string): string => (version.length >= longestVersion ? '' : version)
