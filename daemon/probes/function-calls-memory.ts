import { type CallSums, freshCallSums } from './call-sums.ts'
import { freshTracedCalls, type TracedCalls } from './traced-calls.ts'

/** What decoding remembers of calls between records. */
export type FunctionCallsMemory = CallSums & {
  traced: TracedCalls
  /** When newer replacements began to run that no inventory has shown yet, in ns; null: there are none. */
  unseenSinceNs: string | null
}

export const freshFunctionCalls = (): FunctionCallsMemory => ({
  ...freshCallSums(),
  traced: freshTracedCalls(),
  unseenSinceNs: null,
})
