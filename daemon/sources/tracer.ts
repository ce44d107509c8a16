import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RawBody } from '../probes/raw-record.ts'
import { monotonicNs } from './clock.ts'
import { readyRecord, type Script } from './script.ts'
import { startTracerProcess, type TracerProcess } from './tracer-process.ts'

const backoffMs = [1_000, 2_000, 5_000, 10_000, 30_000]

export type Tracer = {
  /** Resolves after the first attempt to attach, whether it succeeded or not. */
  firstAttempt: Promise<void>
  isAttached: () => boolean
  stop: () => Promise<void>
}

/** Keeps the main tracer running: starts it, reports what it misses while it is not, restarts it with backoff. */
export const superviseTracer = (
  bpftrace: string,
  script: Script,
  runDir: string,
  emit: (body: RawBody) => void,
): Tracer => {
  const scriptFile = join(runDir, 'klpscope.bt')
  const stopping = new AbortController()
  let running: TracerProcess | undefined
  let attached = false
  let heardMonoNs = monotonicNs()
  let attempted: () => void = () => undefined
  const firstAttempt = new Promise<void>((resolve) => {
    attempted = resolve
  })

  const runOnce = async (blindSince: string | null): Promise<string> => {
    running = startTracerProcess({
      bpftrace,
      scriptFile,
      onLine: (line) => {
        heardMonoNs = monotonicNs()
        emit({ source: 'bpftrace', line })
      },
      isReady: (line) => line.includes(`"${readyRecord}"`),
      onReady: () => {
        if (blindSince) {
          const reason = 'the tracer had to be restarted'
          emit({ source: 'tracer', what: 'gap', part: 'bpftrace', fromMonoNs: blindSince, reason })
        }
        attached = true
        emit({ source: 'tracer', what: 'attached', probeSets: script.probeSets })
      },
    })
    try {
      await running.ready
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const remedy = 'Run klpscope doctor; the daemon tries again by itself.'
      const probeSets = script.probeSets.map((set) =>
        set.available ? { name: set.name, available: false, reason, remedy } : set,
      )
      if (!stopping.signal.aborted) emit({ source: 'tracer', what: 'attached', probeSets })
      return reason
    }
    attempted()
    return running.ended
  }

  const loop = async (): Promise<void> => {
    await mkdir(runDir, { recursive: true })
    await writeFile(scriptFile, script.text)
    let blindSince: string | null = null
    for (let attempt = 0; !stopping.signal.aborted; attempt++) {
      const startedAt = Date.now()
      const reason = await runOnce(blindSince)
      attempted()
      const wasAttached = attached
      attached = false
      if (stopping.signal.aborted) return
      if (wasAttached) {
        blindSince = lastProof(heardMonoNs)
        emit({ source: 'tracer', what: 'gap', part: 'bpftrace', fromMonoNs: blindSince, reason })
      }
      if (Date.now() - startedAt > 60_000) attempt = 0
      const wait = backoffMs[Math.min(attempt, backoffMs.length - 1)]
      await sleep(wait, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const done = loop()

  return {
    firstAttempt,
    isAttached: () => attached,
    stop: async () => {
      stopping.abort()
      running?.kill()
      await done
    },
  }
}

/** A tracer that dies takes unread records with it, up to this much. */
const unreadNs = 5_000_000_000n

/** From when on nothing proves that it saw what happened: its last word, but in quiet times not long before its end. */
const lastProof = (heardMonoNs: string): string => {
  const now = BigInt(monotonicNs())
  return BigInt(heardMonoNs) > now - unreadNs ? heardMonoNs : String(now - unreadNs)
}
