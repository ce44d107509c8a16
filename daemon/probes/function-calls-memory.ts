import type { CallBuckets } from './call-buckets.ts'
import { type CallSums, freshCallSums } from './call-sums.ts'
import type { RawCountedFunction, RawCounting } from './raw-record.ts'
import { freshTracedCalls, type TracedCalls } from './traced-calls.ts'

/** One bpftrace that counts calls: it answers for the seconds `from` up to, not including, `until`. */
export type CountingRun = {
  functions: RawCountedFunction[]
  from: number
  until: number
  /**
   * Functions, by their place in the list, whose patches are gone, and the second in which they went: what is counted
   * of them later is no call of a patched function, not even when another patch takes them up again.
   */
  gone: Map<number, number>
  buckets: CallBuckets
}

/** Calls of one function, not told yet. */
export type PendingCount = { counted: RawCountedFunction; entered: number; redirected: number }

/** What decoding remembers of calls between records. */
export type FunctionCallsMemory = CallSums & {
  /** As the tracer counts them. */
  traced: TracedCalls
  runs: Map<number, CountingRun>
  /** Calls not told yet, by second of the monotonic clock and function. */
  seconds: Map<number, Map<string, PendingCount>>
  /** What the counting tracer said last of itself; null: nothing yet. */
  counting: { budgetPerS: number; functions: RawCounting[] } | null
  /** The functions of the last event: they are in the next, with zeros if need be. */
  last: Map<string, PendingCount>
  /** When newer replacements began to run that no inventory has shown yet, in ns; null: there are none. */
  unseenSinceNs: string | null
}

export const freshFunctionCalls = (): FunctionCallsMemory => ({
  ...freshCallSums(),
  traced: freshTracedCalls(),
  runs: new Map(),
  seconds: new Map(),
  counting: null,
  last: new Map(),
  unseenSinceNs: null,
})
