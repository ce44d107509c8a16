import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createAccount } from '../account/account.ts'
import type { RawBody } from '../probes/raw-record.ts'
import { type Culprit, culpritOf } from './attach-failure.ts'
import { monotonicNs } from './clock.ts'
import type { LineAccount } from './line-queue.ts'
import { recordName } from './record-name.ts'
import { readyRecord, type Script, type Without } from './script.ts'
import { startTracerProcess, type TracerProcess } from './tracer-process.ts'

const backoffMs = [1_000, 2_000, 5_000, 10_000, 30_000]

export type Tracer = {
  /** Resolves after the first attempt to attach, whether it succeeded or not. */
  firstAttempt: Promise<void>
  /** Whether this probe set is attached now. */
  sees: (probeSet: string) => boolean
  /** Passes on what it has printed, until then at the latest (on performance.now's clock). */
  stop: (until?: number) => Promise<void>
}

/**
 * Keeps the main tracer running: starts it, reports what it misses while it is not, restarts it with backoff.
 * What cannot be attached is left out, and the rest goes on.
 * @param generate the script, without what is named
 */
export const superviseTracer = (
  bpftrace: string,
  generate: (without: Without) => Script,
  runDir: string,
  emit: (body: RawBody) => void,
  account: LineAccount = createAccount(),
): Tracer => {
  const scriptFile = join(runDir, 'klpscope.bt')
  const btfFile = join(runDir, 'klpscope.btf')
  // Version 0.17 searches all types of the kernel and of each module for every cast to an integer: minutes.
  let withSubset = true
  const stopping = new AbortController()
  let running: TracerProcess | undefined
  let attached = false
  let attachedSets: Script['probeSets'] = []
  let heardMonoNs = monotonicNs()
  let attempted: () => void = () => undefined
  const firstAttempt = new Promise<void>((resolve) => {
    attempted = resolve
  })

  /** @param trial only to see whether it attaches: nobody hears it */
  const start = async (script: Script, trial: boolean, onReady: () => void): Promise<TracerProcess> => {
    await writeFile(scriptFile, script.text)
    const btf = withSubset ? script.btf : null
    if (btf) await writeFile(btfFile, btf)
    running = startTracerProcess({
      bpftrace,
      scriptFile,
      btfFile: btf && btfFile,
      onLine: (line) => {
        heardMonoNs = monotonicNs()
        if (!trial) emit({ source: 'bpftrace', line })
      },
      isReady: (line) => recordName(line) === readyRecord,
      onReady,
      account,
    })
    if (stopping.signal.aborted) running.kill()
    return running
  }

  /** Null: it attaches. */
  const attempt = async (script: Script, trial: boolean, onReady: () => void): Promise<Failure | null> => {
    const process = await start(script, trial, onReady)
    try {
      await process.ready
      return null
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const culprit = culpritOf(process.errors(), script)
      return { reason, culprit, complained: process.errors().length > 0 }
    }
  }

  /** Tries one set after the other, next to those before it that attach, and adds to `without` what does not. */
  const findCulprits = async (sets: readonly string[], without: Map<string, string>): Promise<void> => {
    const untried = new Map(sets.map((name) => [name, 'not tried yet']))
    for (const name of sets) {
      untried.delete(name)
      let failure: Failure | null
      do {
        failure = await attempt(generate(new Map([...without, ...untried])), true, () => undefined)
        running?.kill()
        await running?.ended
        if (stopping.signal.aborted) return
      } while (failure && leaveOut(failure.culprit, without))
      if (failure) without.set(name, failure.reason)
    }
  }

  /** Starts it with all that attaches. @returns null, or why nothing does */
  const attachWhatGoes = async (onReady: (script: Script) => void): Promise<string | null> => {
    const without = new Map<string, string>()
    const usual = withSubset
    let otherTried = false
    for (;;) {
      const script = generate(without)
      const failure = await attempt(script, false, () => onReady(script))
      if (!failure || stopping.signal.aborted) return null
      if (leaveOut(failure.culprit, without)) continue
      if (!otherTried) {
        // Perhaps for want of a type that it needs of its own accord.
        otherTried = true
        withSubset = !usual
        continue
      }
      withSubset = usual
      const sets = script.probeSets.filter((set) => set.available).map((set) => set.name)
      const known = without.size
      if (failure.complained) await findCulprits(sets, without)
      const hopeless = without.size === known || sets.every((name) => without.has(name))
      if (hopeless || stopping.signal.aborted) return failure.reason
    }
  }

  const reportBlind = (reason: string): void => {
    const remedy = 'Run klpscope doctor; the daemon tries again by itself.'
    const probeSets = generate(new Map()).probeSets.map((set) =>
      set.available ? { name: set.name, available: false, reason, remedy } : set,
    )
    emit({ source: 'tracer', what: 'attached', probeSets })
  }

  const loop = async (): Promise<void> => {
    await mkdir(runDir, { recursive: true })
    let blindSince: string | null = null
    for (let round = 0; !stopping.signal.aborted; round++) {
      const startedAt = Date.now()
      const failure = await attachWhatGoes((script) => {
        if (blindSince) {
          const reason = 'the tracer had to be restarted'
          emit({ source: 'tracer', what: 'gap', part: 'bpftrace', fromMonoNs: blindSince, reason })
        }
        attached = true
        attachedSets = script.probeSets
        emit({ source: 'tracer', what: 'attached', probeSets: script.probeSets })
      })
      if (failure !== null && !stopping.signal.aborted) reportBlind(failure)
      attempted()
      const reason = (await running?.ended) ?? ''
      const wasAttached = attached
      attached = false
      if (stopping.signal.aborted) return
      if (wasAttached) {
        blindSince = lastProof(heardMonoNs)
        emit({ source: 'tracer', what: 'gap', part: 'bpftrace', fromMonoNs: blindSince, reason })
      }
      if (Date.now() - startedAt > 60_000) round = 0
      const wait = backoffMs[Math.min(round, backoffMs.length - 1)]
      await sleep(wait, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const done = loop()

  return {
    firstAttempt,
    sees: (name) => attached && attachedSets.some((set) => set.name === name && set.available),
    stop: async (until = performance.now()) => {
      stopping.abort()
      await running?.end(until)
      await done
    },
  }
}

/** So many at once are not the functions' fault. */
const culpritsAtMost = 8

/** False: it names none, or is not to be blamed. */
const leaveOut = (culprit: Culprit | null, without: Map<string, string>): boolean => {
  if (culprit === null || without.has(culprit.name) || without.size >= culpritsAtMost) return false
  without.set(culprit.name, culprit.reason)
  return true
}

/** `complained`: it said what is wrong, rather than being killed or too slow. */
type Failure = { reason: string; culprit: Culprit | null; complained: boolean }

/** A tracer that dies takes unread records with it, up to this much. */
const unreadNs = 5_000_000_000n

/** From when on nothing proves that it saw what happened: its last word, but in quiet times not long before its end. */
const lastProof = (heardMonoNs: string): string => {
  const now = BigInt(monotonicNs())
  return BigInt(heardMonoNs) > now - unreadNs ? heardMonoNs : String(now - unreadNs)
}
