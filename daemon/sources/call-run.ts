import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { functionKey, identityOf } from '../contract/function-identity.ts'
import { CallBuckets } from '../probes/call-buckets.ts'
import type { RawBody } from '../probes/raw-record.ts'
import type { AttachPoint, PlannedFunction } from './call-plan.ts'
import { type CountableFunction, generateCallScript, spellings } from './call-script.ts'
import { monotonicNs } from './clock.ts'
import type { LineAccount } from './line-queue.ts'
import { recordName } from './record-name.ts'
import { startTracerProcess, type TracerProcess } from './tracer-process.ts'

export type CallRunOptions = {
  bpftrace: string
  bpfDir: string
  runDir: string
  budgetPerS: number
  run: number
  functions: CountableFunction[]
  account: LineAccount
}

/** One bpftrace that counts the calls of a fixed set of functions. */
export type CallRun = {
  number: number
  /** Null when it counts; otherwise why not. Never rejects. */
  attached: Promise<string | null>
  /** The second of the monotonic clock from which on it answers for all calls; meaningful once attached. */
  fromSecond: () => number
  /** Resolves when that second has begun; meaningful once attached. */
  begun: (signal: AbortSignal) => Promise<void>
  /** Resolves when it has told all that happened before this second, or cannot any more. */
  toldUntil: (second: number) => Promise<void>
  /** Resolves with why it ended, also when it never attached. */
  ended: Promise<string>
  /** Whether it counts the function at its original and at every replacement. */
  counts: (func: CountableFunction) => boolean
  /** Whether it counts these functions, and no others. */
  isFor: (functions: readonly CountableFunction[]) => boolean
  /** What is patched now: a probe on a replacement that went with its module never comes back. */
  forget: (patched: readonly PlannedFunction[]) => void
  kill: () => void
  /** Ends it, and passes on what it printed, until then at the latest. */
  end: (until: number) => Promise<void>
}

/**
 * @param onOverBudget a function was called more often than the budget in one second; may be called again
 */
export const startCallRun = (
  options: CallRunOptions,
  emit: (body: RawBody) => void,
  onOverBudget: (func: CountableFunction, perS: number) => void,
): CallRun => {
  const { functions, run } = options
  const buckets = new CallBuckets()
  let process: TracerProcess | undefined
  let killed = false
  let fromSecond = 0
  let ticks: ((second: number) => void)[] = []

  const onLine = (line: string): void => {
    if (killed) return
    emit({ source: 'function-tracer', what: 'line', run, line })
    const tick = readLine(buckets, line, monotonicNs())
    if (!tick || 'lost' in tick) return
    for (const [number, calls] of callsByFunction(tick.buckets)) {
      const func = functions[number]
      if (func && calls > options.budgetPerS) onOverBudget(func, calls)
    }
    for (const told of ticks) told(Number(BigInt(tick.monoNs) / 1_000_000_000n))
  }

  const onReady = (): void => {
    if (killed) return
    // BEGIN runs before the other probes are attached: what was counted until now is a part only, and what was printed
    // of it is still to be read.
    fromSecond = Number(BigInt(monotonicNs()) / 1_000_000_000n) + 2
    const counted = functions.map((func) => ({
      ...identityOf(func),
      replacements: func.replacements.map((point) => point.address),
    }))
    emit({ source: 'function-tracer', what: 'attached', run, fromSecond, functions: counted })
  }

  const attach = async (): Promise<string | null> => {
    await mkdir(options.runDir, { recursive: true })
    const scriptFile = join(options.runDir, `function-calls-${run}.bt`)
    let reason = ''
    for (const spelling of spellings) {
      await writeFile(scriptFile, generateCallScript(options.bpfDir, functions, spelling))
      if (killed) return 'stopped'
      process = startTracerProcess({
        bpftrace: options.bpftrace,
        scriptFile,
        btfFile: null,
        onLine,
        isReady: (line) => recordName(line) === 'calls.ready',
        onReady,
        account: options.account,
      })
      try {
        await process.ready
        return null
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
        // Before 0.20 the module cannot stand in a kprobe's name.
        if (!reason.includes('requires 1 argument')) return reason
      }
    }
    return reason
  }

  const attached = attach()
    .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
    .then((failure) => failure ?? (killed ? 'stopped' : null))
  const ended = attached.then((failure) => failure ?? process?.ended ?? 'stopped')
  let live = functions
  const counts = (func: CountableFunction): boolean => {
    const own = live.find((one) => isSame(one, func))
    return own !== undefined && func.replacements.every((point) => includes(own.replacements, point))
  }

  return {
    number: run,
    attached,
    fromSecond: () => fromSecond,
    begun: async (signal) => {
      const leftMs = fromSecond * 1_000 - Number(BigInt(monotonicNs()) / 1_000_000n)
      if (leftMs > 0) await sleep(leftMs, undefined, { signal }).catch(() => undefined)
    },
    toldUntil: async (second) => {
      const told = new Promise<void>((resolve) => {
        ticks.push((now) => {
          if (now > second) resolve()
        })
      })
      await Promise.race([told, ended])
      ticks = []
    },
    ended,
    counts,
    isFor: (others) => others.length === live.length && others.every(counts),
    forget: (patched) => {
      live = live.map((one) => {
        const now = patched.find((func) => isSame(func, one))
        const held = now?.countable ? now.replacements : []
        return { ...one, replacements: one.replacements.filter((point) => includes(held, point)) }
      })
    },
    kill: () => {
      killed = true
      process?.kill()
    },
    end: async (until) => {
      await process?.end(until)
      killed = true
    },
  }
}

const isSame = (a: PlannedFunction, b: CountableFunction): boolean =>
  a.countable && functionKey(a) === functionKey(b) && includes([a.original], b.original)

const includes = (points: readonly AttachPoint[], point: AttachPoint): boolean =>
  points.some(
    (one) => one.module === point.module && one.name === point.name && one.address === point.address,
  )

/** Null for a broken line too: decoding will say what is wrong with it. */
const readLine = (
  buckets: CallBuckets,
  line: string,
  readMonoNs: string,
): ReturnType<CallBuckets['read']> => {
  try {
    return buckets.read(line, readMonoNs)
  } catch {
    return null
  }
}

/** Entered or redirected, whichever was more, since the last tick: about a second. */
const callsByFunction = (buckets: { function: number; entered: number; redirected: number }[]) => {
  const sums = new Map<number, { entered: number; redirected: number }>()
  for (const bucket of buckets) {
    const sum = sums.get(bucket.function) ?? { entered: 0, redirected: 0 }
    sum.entered += bucket.entered
    sum.redirected += bucket.redirected
    sums.set(bucket.function, sum)
  }
  return [...sums].map(([number, sum]) => [number, Math.max(sum.entered, sum.redirected)] as const)
}
