import type { EventDraft } from '../contract/event.ts'
import type { ObservedPatch } from '../contract/event-parts.ts'
import { functionLabel, parseFunctionLabel } from '../contract/function-identity.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawModule, RawPatch } from './raw-record.ts'
import { learnLivepatches } from './shadow-callers.ts'
import { judgeScan, type SysfsVerdict } from './sysfs-transition.ts'
import { madeStep } from './task-list.ts'
import { directionOf } from './transition.ts'

/** Scans that must agree before sysfs says what a stronger source must have lost: its record may be on its way. */
const scansToOverrule = 3
/** A little less than lies between two scans in a transition. */
const quietNs = 900_000_000n

/** No kernel knows sticky patches: their authors say it with `module_param(klpscope_sticky, bool, 0444)`. */
export const stickyParameter = 'parameters/klpscope_sticky'

const moduleFacts = (files: Record<string, string>) => ({
  ...(files.version === undefined ? {} : { version: files.version }),
  ...(files.srcversion === undefined ? {} : { srcversion: files.srcversion }),
  ...(files[stickyParameter] === 'Y' ? { sticky: true } : {}),
  ...optional('refcount', whole(files.refcnt)),
})

/** Reads a scan of /sys/kernel/livepatch. Source: kernel/livepatch/core.c (sysfs attributes). */
const observedPatch = (raw: RawPatch): ObservedPatch => ({
  name: raw.name,
  enabled: raw.files.enabled === '1',
  inTransition: raw.files.transition === '1',
  ...(raw.files.replace === undefined ? {} : { replace: raw.files.replace === '1' }),
  ...optional('stackOrder', whole(raw.files.stack_order)),
  ...moduleFacts(raw.files),
  objects: raw.objects.map((object) => ({
    name: object.name,
    ...(object.patched === null ? {} : { patched: object.patched === '1' }),
    functions: object.functions.map((entry) => functionLabel(parseFunctionLabel(entry))),
  })),
})

/** Patches as sysfs shows them, and the transition it implies. */
export const observePatches = (
  context: DecodeContext,
  raw: RawPatch[],
  rawModules: RawModule[] | undefined,
  monoNs: string,
): EventDraft[] => {
  const patches = raw.map(observedPatch)
  learnLivepatches(
    context,
    [...patches, ...(rawModules ?? [])].map(({ name }) => name),
  )
  const modules = rawModules?.map(({ name, files }) => ({ name, ...moduleFacts(files) }))
  const events: EventDraft[] = []
  const text = JSON.stringify([patches, modules])
  const first = context.patches === ''
  if (text !== context.patches || isTimePassing(context, patches, monoNs)) {
    context.patches = text
    events.push({
      kind: 'patches-observed',
      monoNs,
      ...(first ? { first } : {}),
      patches,
      ...(modules ? { modules } : {}),
    })
  }

  return [...events, ...correctTransition(context, judgeScan(context, patches), monoNs)]
}

/** Nothing else is told in this transition: how long it has lasted shows when time is seen to pass. */
const isTimePassing = (
  { toldNs }: DecodeContext,
  patches: readonly ObservedPatch[],
  monoNs: string,
): boolean => patches.some(({ inTransition }) => inTransition) && BigInt(monoNs) - toldNs >= quietNs

/**
 * The kernel tries to switch tasks: a transition has started. When nobody has told of it, that was before the probes
 * were attached, and sysfs shows of which patch it is.
 */
export const adoptShown = (context: DecodeContext, monoNs: string): EventDraft[] => {
  const { sysfs, transition } = context
  if (transition || !sysfs.shown) return []
  const { patch, enabled } = sysfs.shown
  sysfs.started = { patch, late: true }
  sysfs.idle.delete(patch)
  return adopt(context, { patch, target: enabled ? 1 : 0, replace: undefined, late: true }, monoNs)
}

/** The transition that sysfs implies, where it is to be believed: see sysfs-transition.ts. */
const correctTransition = (context: DecodeContext, verdict: SysfsVerdict, monoNs: string): EventDraft[] => {
  const { sysfs, transition: known } = context
  const patch = verdict.says === 'none' ? undefined : verdict.patch
  const started = verdict.says === 'started' ? verdict : null
  const informed = context.attached || known?.toldBy === 'kernel-log'
  const turned = started && known?.patch === patch && known?.target !== started.target && !informed
  const agrees = known ? known.patch === patch && !turned : started === null || context.asking !== null
  sysfs.disagreed = agrees ? 0 : sysfs.disagreed + 1
  // One that had started before the first scan, no probe has seen start.
  const isUnseen = !known && started?.late
  if (agrees || (informed && !isUnseen && sysfs.disagreed < scansToOverrule)) return []

  sysfs.disagreed = 0
  if (turned && known) {
    madeStep(context, BigInt(monoNs))
    context.transition = { ...known, target: started.target }
    const direction = directionOf(started.target)
    return [{ kind: 'transition-reversed', monoNs, patch: known.patch, direction, basis: 'inferred' }]
  }
  const ended: EventDraft[] = known
    ? [
        {
          kind: 'transition-completed',
          monoNs,
          patch: known.patch,
          direction: directionOf(known.target),
        },
      ]
    : []
  if (started) return [...ended, ...adopt(context, started, monoNs)]
  madeStep(context, BigInt(monoNs))
  context.transition = null
  return ended
}

const adopt = (
  context: DecodeContext,
  { patch, target, replace, late }: Omit<Extract<SysfsVerdict, { says: 'started' }>, 'says'>,
  monoNs: string,
): EventDraft[] => {
  madeStep(context, BigInt(monoNs))
  context.transition = {
    patch,
    target,
    generation: '0',
    toldBy: 'sysfs',
    startToCome: !late,
    reversing: false,
  }
  return [
    {
      kind: 'transition-started',
      monoNs,
      patch,
      direction: directionOf(target),
      ...(replace === undefined ? {} : { replace }),
      adopted: true,
    },
  ]
}

/** A file that does not hold a whole number tells nothing. */
const whole = (text: string | undefined): number | null =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : null

const optional = <K extends string, V>(key: K, value: V | null): Partial<Record<K, V>> =>
  value === null ? {} : ({ [key]: value } as Partial<Record<K, V>>)
