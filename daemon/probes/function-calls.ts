import type { EventDraft } from '../contract/event.ts'
import { type FunctionIdentity, functionKey, identityOf } from '../contract/function-identity.ts'
import { CallBuckets } from './call-buckets.ts'
import { exceeds, forgetSums, inexactText, oldCalls } from './call-sums.ts'
import { isNameOf } from './cut-names.ts'
import type { CountingRun, FunctionCallsMemory, PendingCount } from './function-calls-memory.ts'
import type { Inventory } from './inventory-reader.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawCountedFunction, RawFunctionTracer } from './raw-record.ts'
import { followInventory, functionsOf, letGoOfTraced, type PlacedFunction } from './traced-functions.ts'

/** A second is told when it is so long over that every tracer has told what happened in it. */
const settledS = 2

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
      const { inexact } = context.functionCalls
      context.functionCalls.counting = { budgetPerS, functions }
      const listed = new Set(functions.map(functionKey))
      for (const key of inexact.keys()) if (!listed.has(key)) inexact.delete(key)
      return tellCounting(context, monoNs)
    }
    case 'attached': {
      for (const run of runs.values()) run.until = Math.min(run.until, record.fromSecond)
      const { fromSecond: from } = record
      const functions = record.functions.map((func) => ({ ...func }))
      runs.set(record.run, {
        functions,
        from,
        until: Number.POSITIVE_INFINITY,
        gone: new Map(),
        buckets: new CallBuckets(),
      })
      return []
    }
    case 'ended':
      runs.delete(record.run)
      return []
    case 'line': {
      const run = runs.get(record.run)
      const tick = run?.buckets.read(record.line, monoNs)
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
    if (bucket.second > (run.gone.get(bucket.function) ?? Number.POSITIVE_INFINITY)) continue
    const key = functionKey(func)
    const counts = seconds.get(bucket.second) ?? new Map<string, PendingCount>()
    seconds.set(bucket.second, counts)
    const count = counts.get(key) ?? { counted: func, entered: 0, redirected: 0 }
    count.entered += bucket.entered
    count.redirected += bucket.redirected
    counts.set(key, count)
  }
}

/** What the counting tracer says of itself, but for functions whose sums show that it is not so. */
const tellCounting = ({ functionCalls }: DecodeContext, monoNs: string): EventDraft[] => {
  const { counting, inexact } = functionCalls
  if (!counting) return []
  const functions = counting.functions.map((func) => {
    const reason = inexact.get(functionKey(func))
    return reason === undefined ? func : { ...identityOf(func), status: 'unavailable' as const, reason }
  })
  return [{ kind: 'function-counting-changed', monoNs, budgetPerS: counting.budgetPerS, functions }]
}

/** A probe on a replacement that went with its module never comes back, even if another module takes its address. */
export const forgetReplacements = (context: DecodeContext, held: ReadonlySet<string>): void => {
  for (const run of context.functionCalls.runs.values()) {
    for (const func of run.functions) func.replacements = func.replacements.filter((one) => held.has(one))
  }
}

/**
 * Patches are gone: what only they had patched is not any more. The probes on it go on for a while.
 * @param stays whether a function is still patched
 */
const letGo = (
  { functionCalls: memory }: DecodeContext,
  monoNs: string,
  stays: (func: FunctionIdentity) => boolean,
): void => {
  for (const run of memory.runs.values()) {
    for (const [index, func] of run.functions.entries()) {
      if (run.gone.has(index) || stays(func)) continue
      run.gone.set(index, secondOf(monoNs))
      const key = functionKey(func)
      forgetSums(memory, key)
      memory.last.delete(key)
    }
  }
}

/** A transition ended in which a patch was taken away. */
export const letGoOfPatch = (context: DecodeContext, patch: string, monoNs: string): void => {
  const patches = context.inventory.current?.patches ?? []
  const mine = functionsOf(patches.filter(({ name }) => name === patch))
  const others = functionsOf(patches.filter(({ name }) => name !== patch))
  const isOf = (functions: readonly PlacedFunction[], counted: FunctionIdentity) =>
    functions.some((func) => isNamed(func, counted))
  const stays = (counted: FunctionIdentity) => !isOf(mine, counted) || isOf(others, counted)
  letGo(context, monoNs, stays)
  letGoOfTraced(context.functionCalls, monoNs, stays)
}

/** A walk through the kernel's structures has shown everything that is patched. */
export const letGoOfUnpatched = (context: DecodeContext, inventory: Inventory): void => {
  const patched = functionsOf(inventory.patches)
  letGo(context, inventory.monoNs, (counted) => patched.some((func) => isNamed(func, counted)))
  followInventory(context.functionCalls, inventory)
}

/** Whether a run has a probe on every replacement that may be called now: otherwise what is not redirected is not old. */
const countsAll = (context: DecodeContext, counted: RawCountedFunction): boolean =>
  functionsOf(context.inventory.current?.patches ?? [])
    .filter((func) => isNamed(func, counted) && !func.nop)
    .every((func) => counted.replacements.includes(func.newAddress))

const isNamed = ({ object, name, sympos }: PlacedFunction, counted: FunctionIdentity): boolean =>
  object === counted.object && (sympos || 1) === (counted.sympos ?? 1) && isNameOf(name, counted.function)

const tell = (context: DecodeContext, until: number, monoNs: string): EventDraft[] => {
  const { seconds, last } = context.functionCalls
  // One second more than was called in: the zeros after the last call.
  return [...new Set([...seconds.keys(), ...(last.size > 0 ? [until] : [])])]
    .filter((second) => second <= until)
    .sort((a, b) => a - b)
    .flatMap((second) => tellSecond(context, second, monoNs))
}

const tellSecond = (context: DecodeContext, second: number, monoNs: string): EventDraft[] => {
  const memory = context.functionCalls
  const { seconds, last, unseenSinceNs } = memory
  const counts = seconds.get(second) ?? new Map<string, PendingCount>()
  const seen = unseenSinceNs === null || second < secondOf(unseenSinceNs)
  seconds.delete(second)
  const gone = goneKeys(memory)
  const found = [...counts].filter(
    ([key, count]) => !gone.has(key) && !memory.inexact.has(key) && exceeds(memory, key, count),
  )
  for (const [key] of found) memory.inexact.set(key, inexactText(memory, key))
  const exact = [...counts].filter(([key]) => !memory.inexact.has(key))
  memory.last = new Map(exact.filter(([key]) => !gone.has(key)))
  const silent = [...last].filter(([key]) => !counts.has(key) && !memory.inexact.has(key))
  const calls = exact.map(([key, { counted, entered, redirected }]) => ({
    ...identityOf(counted),
    entered,
    redirected,
    // What ran in the second in which the patch went is not known.
    old:
      seen && !gone.has(key) && countsAll(context, counted)
        ? oldCalls(memory, key, entered - redirected)
        : null,
  }))
  const quiet = silent.map(([, { counted }]) => ({
    ...identityOf(counted),
    entered: 0,
    redirected: 0,
    old: 0,
  }))
  const told = [...calls, ...quiet]
  return [
    ...(found.length > 0 ? tellCounting(context, monoNs) : []),
    ...(told.length > 0 ? [{ kind: 'function-calls', monoNs, second, calls: told } as const] : []),
  ]
}

/** Functions whose patches went, and that no run has taken up since. */
const goneKeys = ({ runs }: FunctionCallsMemory): ReadonlySet<string> => {
  const gone = new Set<string>()
  const counted = new Set<string>()
  for (const run of runs.values()) {
    for (const [index, func] of run.functions.entries())
      (run.gone.has(index) ? gone : counted).add(functionKey(func))
  }
  return new Set([...gone].filter((key) => !counted.has(key)))
}
