import type { EventDraft } from '../contract/event.ts'
import type { ObservedPatch } from '../contract/event-parts.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawModule, RawPatch } from './raw-record.ts'
import { directionOf } from './transition.ts'

/** Scans that must agree before sysfs overrules attached probes: a record may still be on its way. */
const scansToOverrule = 3

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
    functions: object.functions,
  })),
})

/**
 * Patches as sysfs shows them, and the transition it implies: announced at once while no probe is attached
 * (the daemon came late, or has no BPF), otherwise only when the probes, or the kernel log, keep disagreeing.
 */
export const observePatches = (
  context: DecodeContext,
  raw: RawPatch[],
  rawModules: RawModule[] | undefined,
  monoNs: string,
): EventDraft[] => {
  const patches = raw.map(observedPatch)
  const modules = rawModules?.map(({ name, files }) => ({ name, ...moduleFacts(files) }))
  const events: EventDraft[] = []
  const text = JSON.stringify([patches, modules])
  const first = context.patches === ''
  if (text !== context.patches) {
    context.patches = text
    events.push({
      kind: 'patches-observed',
      monoNs,
      ...(first ? { first } : {}),
      patches,
      ...(modules ? { modules } : {}),
    })
  }

  const shown = patches.find((patch) => patch.inTransition)
  const known = context.transition
  const target = shown?.enabled ? 1 : 0
  const samePatch = shown?.name === known?.patch
  // klp_start_transition may take seconds, and `enabled` is written only after it: probes and the log know better.
  const informed = context.attached || known?.toldBy === 'kernel-log'
  const turned = samePatch && known !== null && known.target !== target && !informed
  context.sysfsDisagreed = samePatch && !turned ? 0 : context.sysfsDisagreed + 1
  if (context.sysfsDisagreed === 0) return events
  if ((informed || turned) && context.sysfsDisagreed < scansToOverrule) return events

  context.sysfsDisagreed = 0
  context.loggedBlocks.clear()
  if (turned) {
    const patch = known.patch
    context.transition = { ...known, target }
    const direction = directionOf(target)
    events.push({ kind: 'transition-reversed', monoNs, patch, direction, basis: 'inferred' })
    return events
  }
  if (known) {
    const patch = known.patch
    events.push({ kind: 'transition-completed', monoNs, patch, direction: directionOf(known.target) })
    context.transition = null
  }
  if (shown) {
    context.transition = {
      patch: shown.name,
      target,
      generation: '0',
      toldBy: 'sysfs',
      startToCome: !first,
      reversing: false,
    }
    events.push({
      kind: 'transition-started',
      monoNs,
      patch: shown.name,
      direction: directionOf(target),
      ...(shown.replace === undefined ? {} : { replace: shown.replace }),
      adopted: true,
    })
  }
  return events
}

/** A file that does not hold a whole number tells nothing. */
const whole = (text: string | undefined): number | null =>
  text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : null

const optional = <K extends string, V>(key: K, value: V | null): Partial<Record<K, V>> =>
  value === null ? {} : ({ [key]: value } as Partial<Record<K, V>>)
