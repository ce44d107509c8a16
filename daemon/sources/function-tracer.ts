import { setTimeout as sleep } from 'node:timers/promises'
import { functionKey, identityOf } from '../contract/function-identity.ts'
import type { RawBody, RawCounting } from '../probes/raw-record.ts'
import type { PlannedFunction } from './call-plan.ts'
import { type CallRun, startCallRun } from './call-run.ts'
import type { CountableFunction } from './call-script.ts'
import { monotonicNs } from './clock.ts'
import type { LineAccount } from './line-queue.ts'

export type FunctionTracerOptions = {
  bpftrace: string
  bpfDir: string
  runDir: string
  /** Calls per second of one function above which it is not counted any more. */
  budgetPerS: number
  account: LineAccount
}

export type FunctionTracer = {
  /** What to count from now on. */
  want: (functions: PlannedFunction[]) => void
  /** Passes on what was counted, until then at the latest (on performance.now's clock). */
  stop: (until: number) => Promise<void>
}

/** Patches change in bursts, and a tracer that starts would compete with a transition: wait for so much quiet. */
const settleMs = 2_000
const retryMs = 30_000
/** The old tracer answers for calls before its successor's first second; its last tick comes a little later. */
const handoverMs = 10_000

/**
 * Keeps one bpftrace counting the calls of the functions that are wanted. When they change a new one takes
 * over before the old one ends, so that no call is missed or counted twice (see CallBuckets). A function that
 * is called too often, or on which no kprobe can be put, is left out and said so.
 */
export const createFunctionTracer = (
  options: FunctionTracerOptions,
  emit: (body: RawBody) => void,
): FunctionTracer => {
  const stopping = new AbortController()
  let wanted: PlannedFunction[] = []
  let current: CallRun | null = null
  let starting: CallRun | null = null
  /** Functions called too often, by key, for as long as they are patched. */
  const off = new Map<string, RawCounting>()
  /** Functions on which bpftrace could put no probe, as they were planned. */
  let refused: { planned: string; counting: RawCounting }[] = []
  let runs = 0
  let timer: NodeJS.Timeout | undefined
  let working: Promise<void> | null = null
  let again = false
  let told = ''

  const schedule = (afterMs: number): void => {
    if (stopping.signal.aborted) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (working) again = true
      else working = work()
    }, afterMs)
  }

  const work = async (): Promise<void> => {
    do {
      again = false
      await renew()
    } while (again && !stopping.signal.aborted)
    working = null
  }

  const leftOut = (func: PlannedFunction): RawCounting | undefined =>
    off.get(functionKey(func)) ?? refused.find((one) => one.planned === JSON.stringify(func))?.counting

  const renew = async (): Promise<void> => {
    const countable = wanted.filter((func) => func.countable && !leftOut(func)) as CountableFunction[]
    if (current?.isFor(countable)) return tell()
    const previous = current
    if (countable.length === 0) {
      current = null
      end(previous)
      return tell()
    }
    tell()
    const run = startCallRun({ ...options, run: ++runs, functions: countable }, emit, overBudget)
    starting = run
    const failure = await run.attached
    if (failure === null) await run.begun(stopping.signal)
    starting = null
    if (stopping.signal.aborted) return
    if (failure !== null) return refuse(countable, failure)
    current = run
    void run.ended.then((reason) => lost(run, reason))
    tell()
    if (previous) await Promise.race([previous.toldUntil(run.fromSecond()), patience()])
    end(previous)
  }

  const patience = (): Promise<void> =>
    sleep(handoverMs, undefined, { signal: stopping.signal }).catch(() => undefined)

  const overBudget = (func: CountableFunction, perS: number): void => {
    const reason = `called ${perS} times a second, more than ${options.budgetPerS}`
    off.set(functionKey(func), { ...identityOf(func), status: 'off', reason })
    schedule(0)
  }

  /** Those that bpftrace names are left out; a failure that names none is tried again later. */
  const refuse = (functions: CountableFunction[], reason: string): void => {
    const words = new Set(reason.split(/\W+/))
    const named = functions.filter((func) => namesOf(func).some((name) => words.has(name)))
    const before = refused
    const stillWanted = new Set(wanted.map((func) => JSON.stringify(func)))
    const failed = (named.length > 0 ? named : functions)
      .map((func) => ({
        planned: JSON.stringify(func),
        counting: { ...identityOf(func), status: 'unavailable' as const, reason },
      }))
      .filter((one) => stillWanted.has(one.planned))
    refused = [...before, ...failed]
    tell()
    if (named.length === 0) refused = before
    // What failed may be gone by now: then there is nothing to wait for.
    schedule(named.length > 0 || failed.length === 0 ? 0 : retryMs)
  }

  const lost = (run: CallRun, reason: string): void => {
    if (stopping.signal.aborted || current !== run) return
    end(run)
    current = null
    const fromMonoNs = monotonicNs()
    emit({ source: 'tracer', what: 'gap', part: 'function-calls', fromMonoNs, reason })
    tell()
    schedule(settleMs)
  }

  const end = (run: CallRun | null): void => {
    if (!run) return
    run.kill()
    emit({ source: 'function-tracer', what: 'ended', run: run.number })
  }

  const tell = (): void => {
    const functions = wanted.map((func): RawCounting => {
      const left = leftOut(func)
      if (left) return left
      if (!func.countable) return { ...identityOf(func), status: 'unavailable', reason: func.reason }
      return {
        ...identityOf(func),
        status: current?.counts(func) ? 'on' : 'starting',
      }
    })
    const text = JSON.stringify(functions)
    if (text === told) return
    told = text
    emit({ source: 'function-tracer', what: 'counting', budgetPerS: options.budgetPerS, functions })
  }

  return {
    want: (functions) => {
      wanted = functions
      const held = new Set(functions.map(functionKey))
      for (const key of off.keys()) if (!held.has(key)) off.delete(key)
      const planned = new Set(functions.map((func) => JSON.stringify(func)))
      refused = refused.filter((one) => planned.has(one.planned))
      current?.forget(functions)
      starting?.forget(functions)
      tell()
      schedule(settleMs)
    },
    stop: async (until) => {
      stopping.abort()
      clearTimeout(timer)
      starting?.kill()
      await current?.end(until)
      await working
    },
  }
}

const namesOf = (func: CountableFunction): string[] =>
  [func.original, ...func.replacements].map((point) => point.name)
