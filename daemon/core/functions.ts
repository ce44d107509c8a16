import type { Event, EventOf } from '../contract/event.ts'
import { functionKey } from '../contract/function-identity.ts'
import type { CallCounts } from '../contract/functions.ts'
import { isTracerPart } from '../contract/tracer-part.ts'
import type { CoreState } from './core-state.ts'
import { type FunctionsState, initialFunctions } from './functions-state.ts'

/** What the kernel holds of patched functions, and what was counted of their calls. */
export const reduceFunctions = (state: CoreState, event: Event): CoreState => {
  const { functions } = state
  const change = (to: Partial<FunctionsState>): CoreState => ({
    ...state,
    functions: { ...functions, ...to },
  })
  switch (event.kind) {
    case 'tracer-started':
      return { ...state, functions: initialFunctions }
    case 'tracer-gap':
      return isTracerPart(event.source) ? change({ inventory: null, sites: null }) : state
    case 'patches-inventoried':
      return change({ inventory: event.patches })
    case 'ftrace-sites-observed':
      return change({
        sites: event.sites?.map((site) => functionKey(site)) ?? null,
      })
    case 'function-counting-changed':
      return change(countingOf(functions, event))
    case 'function-calls':
      return change({ calls: { ...functions.calls, ...countedCalls(functions, event) } })
    default:
      return state
  }
}

const countingOf = (
  before: FunctionsState,
  event: EventOf<'function-counting-changed'>,
): Partial<FunctionsState> => {
  const keyed = event.functions.map((func) => [functionKey(func), func] as const)
  const kept = keyed.flatMap(([key, { status }]) => {
    const calls = before.calls[key]
    return calls && status !== 'unavailable' ? [[key, calls] as const] : []
  })
  const now = Number(BigInt(event.monoNs) / 1_000_000_000n)
  return {
    budgetPerS: event.budgetPerS,
    counting: Object.fromEntries(
      keyed.map(([key, { status, reason }]) => [
        key,
        { status, reason: reason ?? null, fromSecond: before.counting[key]?.fromSecond ?? now },
      ]),
    ),
    calls: Object.fromEntries(kept),
  }
}

const countedCalls = (before: FunctionsState, event: EventOf<'function-calls'>): Record<string, CallCounts> =>
  Object.fromEntries(
    event.calls.flatMap(({ entered, redirected, old, ...func }) => {
      const key = functionKey(func)
      const counting = before.counting[key]
      if (!counting || counting.status === 'unavailable' || event.second < counting.fromSecond) return []
      const last = before.calls[key]
      return [
        [
          key,
          {
            entered: (last?.entered ?? 0) + entered,
            redirected: (last?.redirected ?? 0) + redirected,
            old: (last?.old ?? 0) + (old ?? 0),
            unattributed: (last?.unattributed ?? 0) + (old === null ? Math.max(0, entered - redirected) : 0),
            enteredPerS: entered,
            redirectedPerS: redirected,
            oldPerS: old,
            countedAt: event.time,
          },
        ],
      ]
    }),
  )
