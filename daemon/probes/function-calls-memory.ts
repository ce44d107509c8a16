import type { CallBuckets } from './call-buckets.ts'
import type { RawCountedFunction } from './raw-record.ts'

/** One bpftrace that counts calls: it answers for the seconds `from` up to, not including, `until`. */
export type CountingRun = {
  functions: RawCountedFunction[]
  from: number
  until: number
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
  /** The functions of the last event: they are in the next, with zeros if need be. */
  last: Map<string, PendingCount>
  /** When newer replacements began to run that no inventory has shown yet, in ns; null: there are none. */
  unseenSinceNs: string | null
}

export const freshFunctionCalls = (): FunctionCallsMemory => ({
  runs: new Map(),
  seconds: new Map(),
  inFlight: new Map(),
  last: new Map(),
  unseenSinceNs: null,
})
