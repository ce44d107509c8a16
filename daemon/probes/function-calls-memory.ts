import type { CallBuckets } from './call-buckets.ts'
import type { RawCountedFunction, RawCounting } from './raw-record.ts'

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
export type FunctionCallsMemory = {
  runs: Map<number, CountingRun>
  /** Calls not told yet, by second of the monotonic clock and function. */
  seconds: Map<number, Map<string, PendingCount>>
  /** Entered and not redirected so far, less what was told as old: calls in flight, usually none. */
  inFlight: Map<string, number>
  /** Calls told so far of each function, while it is patched. */
  sums: Map<string, { entered: number; redirected: number }>
  /** Functions whose sums cannot be, and what is said of them instead. */
  inexact: Map<string, string>
  /** What the counting tracer said last of itself; null: nothing yet. */
  counting: { budgetPerS: number; functions: RawCounting[] } | null
  /** The functions of the last event: they are in the next, with zeros if need be. */
  last: Map<string, PendingCount>
  /** When newer replacements began to run that no inventory has shown yet, in ns; null: there are none. */
  unseenSinceNs: string | null
}

export const freshFunctionCalls = (): FunctionCallsMemory => ({
  runs: new Map(),
  seconds: new Map(),
  inFlight: new Map(),
  sums: new Map(),
  inexact: new Map(),
  counting: null,
  last: new Map(),
  unseenSinceNs: null,
})
