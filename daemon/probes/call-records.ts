import type { EventDraft } from '../contract/event.ts'
import { freshCallSums } from './call-sums.ts'
import { hexOf } from './hex.ts'
import type { DecodeContext, RecordDecoders } from './probe-set.ts'
import { addressOf, beginFunctions, freshTracedCalls, later, type TracedCalls } from './traced-calls.ts'
import { tellTracedCounting } from './traced-counting.ts'
import { tellLook } from './traced-look.ts'

const secondNs = 1_000_000_000n
/** Looks at the counts are a second apart, the records of one only some milliseconds. */
const apartNs = secondNs / 2n

/** -EBUSY: called too often. */
const overBudget = -16
/** -ENOSPC: more of them than the tracer has room for (FUNCTION_SLOTS of bpf/state.h). */
const tooMany = -28
/** -ECANCELED: the program was left out. */
const leftOut = -125
/** -EPERM, -EACCES: it is not the function's fault. */
const forbidden: readonly number[] = [-1, -13]

/** Calls of patched functions: bpf/function-calls.bpf.c. */
export const callRecords: RecordDecoders = {
  'function-calls': (record, context) => {
    const { traced } = context.functionCalls
    const address = hexOf(record.address)
    const over = traced.tick && (record.monoNs - traced.tick.ns > apartNs || traced.tick.calls.has(address))
    const events = over ? tellLook(context) : []
    const known = addressOf(traced, address)
    const fresh = record.calls < known.calls ? record.calls : record.calls - known.calls
    known.calls = record.calls
    traced.tick ??= { ns: record.monoNs, calls: new Map() }
    traced.tick.calls.set(address, Number(fresh))
    return [...events, ...tellTracedCounting(context, String(record.monoNs))]
  },

  'function-counting': (record, context) => {
    const { traced } = context.functionCalls
    const { monoNs, counting, error, budgetPerS } = record
    const point = hexOf(record.address)
    traced.budgetPerS = budgetPerS
    traced.isCountingOpen = true
    if (!counting && error === 0) {
      traced.addresses.delete(point)
    } else if (counting) {
      traced.addresses.set(point, { beganNs: monoNs, endedNs: null, error: 0, reason: '', calls: 0n })
    } else {
      const address = addressOf(traced, point)
      address.endedNs = monoNs
      address.error = error
      address.reason =
        error === overBudget ? tooOften(traced, point, budgetPerS) : cannotBeProbed(record.role, error)
    }
    beginFunctions(traced)
    // Told once they all have been, with the tracer's next account: there are hundreds of them at a time.
    return []
  },
}

/**
 * The tracer has looked at all counts: to be called with each `account`, which it writes at the end of a look. From
 * this the last look is known to be over, and that nothing was called since.
 */
export const endCallLook = (context: DecodeContext, monoNs: bigint): EventDraft[] => {
  const { traced } = context.functionCalls
  const events: EventDraft[] = []
  if (traced.tick && monoNs >= traced.tick.ns) events.push(...tellLook(context))
  else if (!traced.tick && monoNs - traced.lookedNs > apartNs) {
    traced.tick = { ns: monoNs, calls: new Map() }
    events.push(...tellLook(context))
  }
  return [...events, ...tellTracedCounting(context, String(monoNs))]
}

/** The counts die with their tracer. */
export const forgetTracedCalls = ({ functionCalls }: DecodeContext): void => {
  // Before it has told anything, the sums are those of another source.
  if (functionCalls.traced.budgetPerS !== null) Object.assign(functionCalls, freshCallSums())
  functionCalls.traced = freshTracedCalls()
}

const tooOften = (traced: TracedCalls, point: string, budgetPerS: number): string => {
  const { tick } = traced
  const calls = tick?.calls.get(point)
  if (!tick || calls === undefined) return `called more than ${budgetPerS} times a second`
  const began = traced.addresses.get(point)?.beganNs ?? 0n
  const from = [began, traced.lookedNs].reduce(later, tick.ns - secondNs)
  const perS = (calls * Number(secondNs)) / Math.max(1, Number(tick.ns - from))
  return `called ${Math.round(perS)} times a second, more than ${budgetPerS}`
}

const cannotBeProbed = (role: number, error: number): string => {
  if (error === leftOut) return 'calls are counted by probes, and none are attached'
  if (error === tooMany) return 'more functions are patched than the tracer can count the calls of'
  const which = role === 0 ? 'the function' : 'its replacement'
  if (forbidden.includes(error))
    return `the kernel does not let the tracer put a probe on ${which} (error ${-error}): a security module or kernel.perf_event_paranoid may forbid it`
  return `the kernel takes no probe on ${which} (error ${-error}): it may be marked notrace, or be among those that must not be probed, or its module has just gone`
}
