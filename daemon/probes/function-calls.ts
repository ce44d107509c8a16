import type { EventDraft } from '../contract/event.ts'
import { CallBuckets } from './call-buckets.ts'
import type { CountingRun, FunctionCallsMemory, PendingCount } from './function-calls-memory.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawCountedFunction, RawFunctionTracer } from './raw-record.ts'

/** A second is told when it is so long over that every tracer has told what happened in it. */
const settledS = 2
/** More redirected than entered is a replacement called directly, by the patch itself: no call in flight explains it. */
const mostInFlight = 64

const secondOf = (monoNs: string): number => Number(BigInt(monoNs) / 1_000_000_000n)

/** Calls of patched functions, and which of them are counted. */
export const decodeFunctionTracer = (
  context: DecodeContext,
  record: RawFunctionTracer,
  monoNs: string,
): EventDraft[] => {
  const { runs } = context.functionCalls
  switch (record.what) {
    case 'counting': {
      const { budgetPerS, functions } = record
      return [{ kind: 'function-counting-changed', monoNs, budgetPerS, functions }]
    }
    case 'attached': {
      for (const run of runs.values()) run.until = Math.min(run.until, record.fromSecond)
      const { fromSecond: from } = record
      const functions = record.functions.map((func) => ({ ...func }))
      runs.set(record.run, {
        functions,
        from,
        until: Number.POSITIVE_INFINITY,
        buckets: new CallBuckets(),
      })
      return []
    }
    case 'ended':
      runs.delete(record.run)
      return []
    case 'line': {
      const run = runs.get(record.run)
      const tick = run?.buckets.read(record.line)
      if (!run || !tick) return []
      if ('lost' in tick) return [{ kind: 'events-lost', monoNs, source: 'function-calls', count: tick.lost }]
      gather(context, run, tick.buckets)
      return tell(context, secondOf(tick.monoNs) - settledS, monoNs)
    }
  }
}

const gather = (
  context: DecodeContext,
  run: CountingRun,
  buckets: { function: number; second: number; entered: number; redirected: number }[],
): void => {
  const { seconds } = context.functionCalls
  for (const bucket of buckets) {
    const func = run.functions[bucket.function]
    if (!func || bucket.second < run.from || bucket.second >= run.until) continue
    const key = `${func.object}:${func.function}`
    const counts = seconds.get(bucket.second) ?? new Map<string, PendingCount>()
    seconds.set(bucket.second, counts)
    const count = counts.get(key) ?? { counted: func, entered: 0, redirected: 0 }
    count.entered += bucket.entered
    count.redirected += bucket.redirected
    counts.set(key, count)
  }
}

/** A probe on a replacement that went with its module never comes back, even if another module takes its address. */
export const forgetReplacements = (context: DecodeContext, held: ReadonlySet<string>): void => {
  for (const run of context.functionCalls.runs.values()) {
    for (const func of run.functions) func.replacements = func.replacements.filter((one) => held.has(one))
  }
}

/** Whether a run has a probe on every replacement that may be called now: otherwise what is not redirected is not old. */
const countsAll = (context: DecodeContext, counted: RawCountedFunction): boolean =>
  (context.inventory.current?.patches ?? [])
    .flatMap((patch) => patch.objects.filter((object) => object.name === counted.object))
    .flatMap((object) => object.functions)
    .filter((func) => func.name === counted.function && func.position !== null && !func.nop)
    .every((func) => counted.replacements.includes(func.newAddress))

const tell = (context: DecodeContext, until: number, monoNs: string): EventDraft[] => {
  const { seconds, last } = context.functionCalls
  // One second more than was called in: the zeros after the last call.
  return [...new Set([...seconds.keys(), ...(last.size > 0 ? [until] : [])])]
    .filter((second) => second <= until)
    .sort((a, b) => a - b)
    .map((second) => tellSecond(context, second, monoNs))
}

const tellSecond = (context: DecodeContext, second: number, monoNs: string): EventDraft => {
  const memory = context.functionCalls
  const { seconds, last, unseenSinceNs } = memory
  const counts = seconds.get(second) ?? new Map<string, PendingCount>()
  const seen = unseenSinceNs === null || second < secondOf(unseenSinceNs)
  seconds.delete(second)
  memory.last = counts
  const silent = [...last].filter(([key]) => !counts.has(key))
  const calls = [...counts].map(([key, { counted, entered, redirected }]) => ({
    ...named(counted),
    entered,
    redirected,
    old: seen && countsAll(context, counted) ? oldCalls(memory, key, entered - redirected) : null,
  }))
  const quiet = silent.map(([, { counted }]) => ({ ...named(counted), entered: 0, redirected: 0, old: 0 }))
  return { kind: 'function-calls', monoNs, second, calls: [...calls, ...quiet] }
}

const named = ({ object, function: name }: RawCountedFunction) => ({ object, function: name })

const oldCalls = (memory: FunctionCallsMemory, key: string, notRedirected: number): number => {
  const open = (memory.inFlight.get(key) ?? 0) + notRedirected
  const old = Math.max(0, open)
  memory.inFlight.set(key, Math.max(-mostInFlight, open - old))
  return old
}
