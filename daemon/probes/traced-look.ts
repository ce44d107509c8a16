import type { EventDraft } from '../contract/event.ts'
import { identityOf } from '../contract/function-identity.ts'
import { exceeds, inexactText, oldCalls } from './call-sums.ts'
import type { DecodeContext } from './probe-set.ts'
import { type CallTick, later, pointsOf, type TracedCalls, type TracedFunction } from './traced-calls.ts'

const secondNs = 1_000_000_000n
/** Looks in which nothing had changed leave no record: the one before was no longer ago than this. */
const longestNs = (secondNs * 3n) / 2n

type Look = CallTick & { fromNs: bigint }

const noCalls = { entered: 0, redirected: 0, old: 0 }

/** Tells the look whose records have come, and forgets it. */
export const tellLook = (context: DecodeContext): EventDraft[] => {
  const { traced, ...memory } = context.functionCalls
  const { tick } = traced
  if (!tick) return []
  const look: Look = { ...tick, fromNs: later(traced.lookedNs, tick.ns - longestNs) }
  const before = traced.called
  traced.tick = null
  traced.lookedNs = tick.ns
  traced.called = new Map()
  const unseen = memory.unseenSinceNs !== null && tick.ns >= BigInt(memory.unseenSinceNs)
  const calls = [...traced.functions].flatMap(([key, func]) => {
    const { identity } = func
    if (func.goneNs !== null && func.goneNs < look.fromNs) traced.functions.delete(key)
    if (memory.inexact.has(key)) return []
    const gone = func.goneNs !== null
    const silent = before.has(key) && !gone ? [{ ...identityOf(identity), ...noCalls }] : []
    if (!isTold(traced, func, look)) return silent
    const entered = callsAt(look, [func.original])
    const redirected = callsAt(look, [...func.replacements, ...leftIn(func, look)])
    const isCalled = entered > 0 || redirected > 0
    if (!isCalled && silent.length === 0) return []
    if (!gone && exceeds(memory, key, { entered, redirected })) {
      memory.inexact.set(key, inexactText(memory, key))
      traced.isCountingOpen = true
      return []
    }
    if (!isCalled) return silent
    if (!gone) traced.called.set(key, identity)
    const isKnown = !gone && !unseen && countsAll(traced, func, look)
    // What ran in the second in which the patch went is not known.
    const old = isKnown ? oldCalls(memory, key, entered - redirected) : null
    return [{ ...identityOf(identity), entered, redirected, old }]
  })
  if (calls.length === 0) return []
  // A look that came late may be followed by another in the same second: none is told twice.
  traced.second = Math.max(Number(tick.ns / secondNs), traced.second + 1)
  return [{ kind: 'function-calls', monoNs: String(tick.ns), second: traced.second, calls }]
}

const callsAt = ({ calls }: Look, points: readonly string[]): number =>
  points.reduce((sum, point) => sum + (calls.get(point) ?? 0), 0)

/** Replacements that were still called after the look before. */
const leftIn = (func: TracedFunction, { fromNs }: Look): string[] => {
  for (const [point, { sinceNs }] of func.left) if (sinceNs < fromNs) func.left.delete(point)
  return [...func.left.keys()].filter((point) => !func.replacements.includes(point))
}

/** The original was counted all the time since the look before. */
const isTold = (traced: TracedCalls, func: TracedFunction, look: Look): boolean => {
  if (func.beganNs === null || func.beganNs > look.fromNs) return false
  if (func.goneNs !== null) return func.goneNs >= look.fromNs
  return wasCounted(traced, func.original, look)
}

/** And so was everything in its place: otherwise what is not redirected is not old. */
const countsAll = (traced: TracedCalls, func: TracedFunction, look: Look): boolean =>
  pointsOf(func).every((point) => wasCounted(traced, point, look)) &&
  [...func.left.values()].every(({ beganNs }) => beganNs !== null && beganNs <= look.fromNs)

const wasCounted = ({ addresses }: TracedCalls, point: string, { ns, fromNs }: Look): boolean => {
  const { beganNs = null, endedNs = null } = addresses.get(point) ?? {}
  return beganNs !== null && beganNs <= fromNs && (endedNs === null || endedNs >= ns)
}
