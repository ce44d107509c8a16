import type { EventDraft, EventOf } from '../contract/event.ts'
import { identityOf } from '../contract/function-identity.ts'
import type { DecodeContext } from './probe-set.ts'
import { isCounting, pointsOf, type TracedCalls, type TracedFunction } from './traced-calls.ts'

type Counting = EventOf<'function-counting-changed'>['functions'][number]

/** Which functions are counted, when that is not what was said last. */
export const tellTracedCounting = ({ functionCalls }: DecodeContext, monoNs: string): EventDraft[] => {
  const { traced, inexact } = functionCalls
  const { budgetPerS } = traced
  // Before the tracer has told of any, there is nothing to say.
  if (budgetPerS === null || !traced.isCountingOpen) return []
  traced.isCountingOpen = false
  const placed = [...traced.functions]
    .filter(([, func]) => func.goneNs === null)
    .map(([key, func]) => ({ ...identityOf(func.identity), ...statusOf(traced, func, inexact.get(key)) }))
  const unplaced = traced.unplaced.map((identity) => unavailable(identity, 'no patch is in its place now'))
  const functions: Counting[] = [...placed, ...unplaced]
  const text = JSON.stringify([budgetPerS, functions])
  if (text === traced.counting) return []
  traced.counting = text
  return [{ kind: 'function-counting-changed', monoNs, budgetPerS, functions }]
}

/** Whether calls that can be made now are not counted yet. */
export const isStarting = ({ functionCalls: { traced } }: DecodeContext): boolean =>
  [...traced.functions.values()].some(
    (func) =>
      func.goneNs === null && !pointsOf(func).every((point) => isCounting(traced.addresses.get(point))),
  )

const unavailable = (identity: Counting | TracedFunction['identity'], reason: string): Counting => ({
  ...identityOf(identity),
  status: 'unavailable',
  reason,
})

const statusOf = (
  traced: TracedCalls,
  func: TracedFunction,
  inexact: string | undefined,
): Pick<Counting, 'status' | 'reason'> => {
  if (inexact !== undefined) return { status: 'unavailable', reason: inexact }
  const points = pointsOf(func).map((point) => traced.addresses.get(point))
  const tooOften = points.find((point) => point?.error === -16)
  if (tooOften) return { status: 'off', reason: tooOften.reason }
  const failed = points.find((point) => point !== undefined && point.error !== 0)
  if (failed) return { status: 'unavailable', reason: failed.reason }
  return { status: points.every(isCounting) ? 'on' : 'starting' }
}
