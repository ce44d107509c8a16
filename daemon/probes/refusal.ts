import type { Basis, RefusalReason } from '../contract/event-parts.ts'
import { type LogFact, lastFact } from './kernel-log.ts'
import type { Load, ObjectFailure } from './lifecycle-memory.ts'

/** A refusal in plain words. `detailed`: the kernel log can add nothing to it. */
export type Refusal = {
  reason: RefusalReason
  cause: string
  remedy: string
  basis: Basis
  detailed: boolean
}

const EINVAL = 22
const ENOMEM = 12
const EBUSY = 16
const EEXIST = 17

/**
 * Why klp_enable_patch returned an error: how far it got, and what the log says of that.
 * Source: kernel/livepatch/core.c (klp_enable_patch, klp_init_patch, __klp_enable_patch).
 * @param errno positive
 * @param inPlace klp_state versions of the patches in place, by patch
 */
export const whyRefused = (
  load: Load,
  errno: number,
  log: readonly LogFact[],
  inPlace: ReadonlyMap<string, ReadonlyMap<string, number>>,
): Refusal => {
  if (load.compatible === false) return incompatible(load, inPlace)
  if (load.failure?.step === 'resolve') return unresolved(load.failure, log)
  if (load.failure?.step === 'patch') return notPatched(load.failure, log)
  if (load.began) return prePatch(load, errno)
  if (errno === EBUSY && load.compatible) return busy(load)
  if (load.compatible === null && errno === EINVAL) return unmarked(load, log)
  if (errno === EEXIST) {
    return {
      reason: 'name-in-use',
      cause: `sysfs still holds an entry of this name (-EEXIST)`,
      remedy: 'Wait until the patch of the same name is released, then load it again.',
      basis: 'inferred',
      detailed: true,
    }
  }
  if (errno === ENOMEM) {
    return {
      reason: 'out-of-memory',
      cause: 'no memory for the patch (-ENOMEM)',
      remedy: 'Free memory and load it again.',
      basis: 'observed',
      detailed: true,
    }
  }
  return {
    reason: 'unknown',
    cause: `only the error number is known: ${errno}`,
    remedy: 'Look at the kernel log around this moment.',
    basis: 'observed',
    detailed: false,
  }
}

/** klp_is_state_compatible, kernel/livepatch/state.c: an older version is refused, a missing state if it replaces. */
const incompatible = (load: Load, inPlace: ReadonlyMap<string, ReadonlyMap<string, number>>): Refusal => {
  const conflicts = [...inPlace].flatMap(([patch, states]) =>
    [...states].flatMap(([id, version]) => {
      const own = load.states.get(id)
      if (own === undefined) {
        return load.replace ? [`it lacks state ${id}, which ${patch} has in version ${version}`] : []
      }
      return own < version ? [`its state ${id} has version ${own}, older than ${version} of ${patch}`] : []
    }),
  )
  return {
    reason: 'state-incompatible',
    cause: `its states do not fit those of the patches in place${conflicts.length > 0 ? `: ${conflicts.join('; ')}` : ''}`,
    remedy:
      'Load a patch whose states are as new, or disable the patch in place first (its unpatch callbacks undo its states).',
    basis: 'observed',
    detailed: true,
  }
}

/** klp_init_object_loaded failed. */
export const unresolved = ({ object, errno }: ObjectFailure, log: readonly LogFact[]): Refusal => {
  const said = lastFact(log, 'symbol-missing', 'symbol-ambiguous', 'relocation-failed')
  const remedy = `Build the patch against exactly this kernel and this ${object}.`
  if (said?.fact === 'symbol-ambiguous') {
    return {
      reason: 'symbol-ambiguous',
      cause: `${object} has several functions called ${said.symbol}, and the patch does not say which`,
      remedy: `Set old_sympos of ${said.symbol} in the patch.`,
      basis: 'observed',
      detailed: true,
    }
  }
  if (said?.fact === 'relocation-failed') {
    return { reason: 'relocation-failed', cause: said.text, remedy, basis: 'observed', detailed: true }
  }
  return {
    reason: 'symbol-missing',
    cause: said
      ? `${object} has no function ${said.symbol}, which the patch needs`
      : `a symbol or relocation of ${object} could not be resolved (error ${errno})`,
    remedy,
    basis: 'observed',
    detailed: said !== undefined,
  }
}

/** klp_patch_object failed: ftrace would not take the function. */
export const notPatched = ({ object, errno }: ObjectFailure, log: readonly LogFact[]): Refusal => {
  const said = lastFact(log, 'ftrace-failed')
  const what = said ? `${said.function} of ${object}` : `a function of ${object}`
  return {
    reason: 'ftrace-conflict',
    cause:
      errno === EBUSY
        ? `ftrace refused ${what}: it is switched off, or something else already changes where the function goes (-EBUSY)`
        : `ftrace refused ${what} (error ${errno})`,
    remedy:
      errno === EBUSY
        ? 'If kernel.ftrace_enabled is 0, run sysctl -w kernel.ftrace_enabled=1; otherwise see /sys/kernel/tracing/enabled_functions for who holds the function with flag I, and remove that. Then load the patch again.'
        : 'Check that the function can be traced: it must be in /sys/kernel/tracing/available_filter_functions.',
    basis: 'observed',
    detailed: said !== undefined,
  }
}

/** Nothing else can fail once the transition is set up: the first loaded object that is not patched refused. */
const prePatch = (load: Load, errno: number): Refusal => {
  const object = load.objects.find((each) => each.loaded && !load.patched.has(each.object))
  return prePatchRefusal({ step: 'pre-patch', object: object?.object ?? 'an object', errno })
}

export const prePatchRefusal = ({ object, errno }: ObjectFailure): Refusal => ({
  reason: 'pre-patch-failed',
  cause: `its pre-patch callback for ${object} returned ${-errno}`,
  remedy: 'The patch itself refused: its documentation or its lines in the kernel log say what it needs.',
  basis: 'inferred',
  detailed: true,
})

const busy = (load: Load): Refusal => ({
  reason: 'transition-running',
  cause: `the transition of ${load.runningPatch ?? 'another patch'} is still running (-EBUSY)`,
  remedy: 'Wait until that transition has ended, or resolve what stalls it; then load the patch again.',
  basis: 'inferred',
  detailed: true,
})

/** The checks before klp_mutex: no objects, no functions, or not marked. */
const unmarked = (load: Load, log: readonly LogFact[]): Refusal => {
  const said = log.some((fact) => fact.fact === 'not-marked' && fact.patch === load.patch)
  return {
    reason: 'not-a-livepatch',
    cause: said
      ? 'the module is not marked as a livepatch'
      : 'the module is not marked as a livepatch, or has an object without functions (-EINVAL)',
    remedy: 'Its source needs MODULE_INFO(livepatch, "Y"); rebuild it.',
    basis: said ? 'observed' : 'inferred',
    detailed: said,
  }
}

/** What the kernel log alone tells of a refusal, for hosts without probes; null: nothing yet. */
export const refusalInLog = (
  fact: LogFact,
  earlier: readonly LogFact[],
): { patch: string; refusal: Refusal } | null => {
  const fromLog = (patch: string, refusal: Refusal) => ({
    patch,
    refusal: { ...refusal, basis: 'kernel-log' as const },
  })
  switch (fact.fact) {
    case 'state-incompatible':
      return fromLog(fact.patch, {
        reason: 'state-incompatible',
        cause: 'its states do not fit those of the patches in place',
        remedy: 'Load a patch whose states are as new, or disable the patch in place first.',
        basis: 'kernel-log',
        detailed: true,
      })
    case 'not-marked':
      return fromLog(fact.patch, {
        reason: 'not-a-livepatch',
        cause: 'the module is not marked as a livepatch',
        remedy: 'Its source needs MODULE_INFO(livepatch, "Y"); rebuild it.',
        basis: 'kernel-log',
        detailed: true,
      })
    case 'enable-failed': {
      const ftrace = lastFact(earlier, 'ftrace-failed')
      if (ftrace) {
        const failure = { step: 'patch' as const, object: 'the kernel', errno: ftrace.errno ?? 22 }
        return fromLog(fact.patch, notPatched(failure, earlier))
      }
      const callback = lastFact(earlier, 'pre-patch-failed')
      return fromLog(fact.patch, {
        reason: callback ? 'pre-patch-failed' : 'unknown',
        cause: callback
          ? `its pre-patch callback for ${callback.object} failed`
          : 'the kernel log does not say why',
        remedy: 'The lines before "failed to enable patch" in the kernel log say more.',
        basis: 'kernel-log',
        detailed: true,
      })
    }
    default:
      return null
  }
}
