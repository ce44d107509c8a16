import { setTimeout as sleep } from 'node:timers/promises'
import type { RawBody, RawCounting } from '../probes/raw-record.ts'
import type { PlannedFunction } from './call-plan.ts'
import { type CallRun, startCallRun } from './call-run.ts'
import type { CountableFunction } from './call-script.ts'
import { monotonicNs } from './clock.ts'

export type FunctionTracerOptions = {
  bpftrace: string
  bpfDir: string
  runDir: string
  /** Calls per second of one function above which it is not counted any more. */
  budgetPerS: number
}

export type FunctionTracer = {
  /** What to count from now on. */
  want: (functions: PlannedFunction[]) => void
  stop: () => Promise<void>
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
  /** Why a function is left out, by key: too often called, or refused. */
  const off = new Map<string, RawCounting>()
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

  const leaveOut = (func: CountableFunction, status: 'off' | 'unavailable', reason: string): void => {
    const { object, function: name } = func
    off.set(keyOf(func), { object, function: name, status, reason })
  }

  const renew = async (): Promise<void> => {
    const countable = wanted.filter((func) => func.countable && !off.has(keyOf(func))) as CountableFunction[]
    if (current?.isFor(countable)) return tell()
    const previous = current
    if (countable.length === 0) {
      current = null
      end(previous)
      return tell()
    }
    tell()
    const succeeds = previous !== null
    const run = startCallRun({ ...options, run: ++runs, functions: countable, succeeds }, emit, overBudget)
    starting = run
    const failure = await run.attached
    starting = null
    if (stopping.signal.aborted) return
    if (failure !== null) return refuse(countable, failure)
    current = run
    void run.ended.then((reason) => lost(run, reason))
    tell()
    if (previous) await Promise.race([previous.toldUntil(run.fromSecond()), sleep(handoverMs)])
    end(previous)
  }

  const overBudget = (func: CountableFunction, perS: number): void => {
    leaveOut(func, 'off', `called ${perS} times a second, more than ${options.budgetPerS}`)
    schedule(0)
  }

  /** Those that bpftrace names are left out; a failure that names none is tried again later. */
  const refuse = (functions: CountableFunction[], failure: string): void => {
    const named = functions.filter((func) =>
      namesOf(func).some((name) => failure.split(/\W+/).includes(name)),
    )
    const refused = named.length > 0 ? named : functions
    for (const func of refused) leaveOut(func, 'unavailable', failure)
    if (named.length > 0) {
      schedule(0)
      return
    }
    tell()
    for (const func of refused) off.delete(keyOf(func))
    schedule(retryMs)
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

  /** With every replacement it has now. */
  const isCounted = (func: CountableFunction): boolean =>
    current?.functions.some((one) => JSON.stringify(one) === JSON.stringify(func)) ?? false

  const tell = (): void => {
    const functions = wanted.map((func): RawCounting => {
      const { object, function: name } = func
      const left = off.get(keyOf(func))
      if (left) return left
      if (!func.countable) return { object, function: name, status: 'unavailable', reason: func.reason }
      return {
        object,
        function: name,
        status: isCounted(func) ? 'on' : 'starting',
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
      const held = new Set(functions.map(keyOf))
      for (const key of off.keys()) if (!held.has(key)) off.delete(key)
      tell()
      schedule(settleMs)
    },
    stop: async () => {
      stopping.abort()
      clearTimeout(timer)
      current?.kill()
      starting?.kill()
      await working
    },
  }
}

const namesOf = (func: CountableFunction): string[] =>
  [func.original, ...func.replacements].map((point) => point.name)

const keyOf = (func: { object: string; function: string }): string => `${func.object}:${func.function}`
