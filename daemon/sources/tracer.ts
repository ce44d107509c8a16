import { setTimeout as sleep } from 'node:timers/promises'
import type { ProbeSetName } from '../contract/probe-purposes.ts'
import {
  notUnderstood,
  probeRecord,
  type RawBody,
  type RawProbeSet,
  type RawRecord,
  textRecord,
} from '../probes/raw-record.ts'
import { seesWith } from '../probes/sees.ts'
import type { Frame } from '../raw/frames.ts'
import type { TracerProbe } from '../raw/layout.ts'
import type { TracerMessage } from '../raw/tracer-stream.ts'
import { monotonicNs } from './clock.ts'
import { blindSets, type ProbeHeader, probeSetsOf, silencedRemedy } from './probe-headers.ts'
import { type SilenceWatch, watchSilence } from './silence.ts'
import { connectTracer, type TracerProgram } from './tracer-program.ts'
import { createTracerReader, type ReadAccount } from './tracer-reader.ts'

/** The tracer restarts its worker by itself; this is for when it has ended as a whole. */
const backoffMs = [1_000, 2_000, 5_000, 10_000, 30_000]
const lastedMs = 60_000

/** In bpf/iterators.bpf.c. */
const taskLister = 'list_tasks'
const startRemedy = 'Run klpscope doctor; the daemon tries again by itself.'
const silentReason = 'the tracer says nothing any more: it has been stopped, or hangs'
const silentRemedy =
  'If somebody stopped it, let it go on: pkill -CONT -x klpscope-tracer. If it hangs, end it (pkill -KILL -x klpscope-tracer); the daemon starts another.'

export type Tracer = {
  /** Resolves when the probes are attached for the first time, or are reported missing. */
  firstAttempt: Promise<void>
  /** Whether it is there now, with whatever it could attach: it passes on what the kernel logs. */
  attached: () => boolean
  /** Whether this probe set is attached now, with what it cannot do without. */
  sees: (probeSet: ProbeSetName) => boolean
  /** Process id of the one that traces; null: not known yet. */
  worker: () => number | null
  /** Whether it lists all tasks again and again. */
  lists: () => boolean
  /** Passes on what it has written, until then at the latest (on performance.now's clock). */
  stop: (until: number) => Promise<void>
}

export type TracerSink = {
  /** Sees each frame as it came, before what it says is told. */
  frame: (frame: Frame) => void
  tell: (record: RawRecord) => void
}

/**
 * Runs the tracer and reads what it writes: its records become raw records, what it says of its probes the news of
 * what is attached. Nothing in between waits: a daemon that is slow reads less, and what has no room in the kernel's
 * buffer meanwhile is counted there.
 * @param socket where one is started for whoever connects
 */
export const superviseTracer = (
  socket: string,
  headers: readonly ProbeHeader[],
  sink: TracerSink,
  account: ReadAccount,
): Tracer => {
  const stopping = new AbortController()
  let running: TracerProgram | undefined
  let probeSets: RawProbeSet[] = []
  let probes: TracerProbe[] = []
  /** It has told of all its probes. */
  let isReady = false
  let silence: SilenceWatch | undefined
  let isSilent = false
  /** Since when its parent is gone, too, or it was silent; null: it is there. */
  let blindSinceNs: string | null = null
  let worker: number | null = null
  /** As whoever started it says. */
  let endedBy: string | undefined
  /** When it last proved that it sees. */
  let heardMonoNs = monotonicNs()
  let attempted: () => void = () => undefined
  const firstAttempt = new Promise<void>((resolve) => {
    attempted = resolve
  })

  const emit = (body: RawBody): void => sink.tell({ monoNs: monotonicNs(), ...body })
  const gap = (fromMonoNs: string, reason: string): void =>
    emit({ source: 'tracer', what: 'gap', part: 'tracer', fromMonoNs, reason })

  const tellSets = (sets: RawProbeSet[]): void => {
    probeSets = sets
    emit({ source: 'tracer', what: 'attached', probeSets })
  }

  const attached = (sets: RawProbeSet[]): void => {
    if (blindSinceNs !== null) gap(blindSinceNs, 'the tracer had to be restarted')
    blindSinceNs = null
    if (!isReady) silence = watchSilence(silent)
    isReady = true
    tellSets(sets)
    attempted()
  }

  /** It could not even begin. */
  const blind = (reason: string): void => {
    tellSets(blindSets(reason, startRemedy))
    attempted()
  }

  /** It ended by itself. */
  const died = (reason: string): void => {
    if (isReady) {
      blindSinceNs ??= heardMonoNs
      gap(blindSinceNs, reason)
    } else blind(reason)
    forget()
  }

  /** Its parent tells since when nothing is seen, and starts another. */
  const workerEnded = (reason: string): void => {
    if (!isReady) blind(reason)
    forget()
  }

  const forget = (): void => {
    silence?.stop()
    isReady = false
    isSilent = false
    probeSets = []
    probes = []
  }

  const silent = (): void => {
    isSilent = true
    blindSinceNs = heardMonoNs
    gap(blindSinceNs, silentReason)
    tellSets(blindSets(silentReason, silentRemedy))
  }

  const follow = (message: TracerMessage): void => {
    // What it says after that it is busy, though in the same piece, says that it is not any more.
    silence?.heard()
    switch (message.type) {
      case 'hello':
        probes = []
        worker = message.hello.pid
        break
      case 'probe':
        // Of a program that it has told of before: it tells of all of them anew.
        if (probes.some(({ program }) => program === message.probe.program)) probes = []
        probes.push(message.probe)
        break
      case 'ready':
        attached(probeSetsOf(headers, probes))
        break
      case 'record': {
        const { record } = message
        heardMonoNs = String(record.monoNs)
        if (record.record === 'busy') silence?.excused()
        sink.tell(probeRecord(record))
        if (record.record === 'gap' && !record.over) workerEnded(record.reason)
        if (record.record === 'blindness' && !record.over)
          tellSets(blindSets(record.reason, silencedRemedy(record.reason)))
        break
      }
      case 'ended':
        endedBy = message.reason
        break
      case 'text':
        sink.tell(textRecord(message))
        break
      case 'not-understood':
        emit(notUnderstood(message))
    }
  }

  /** Until it ends by itself. @returns why */
  const run = (): Promise<string> => {
    endedBy = undefined
    const read = createTracerReader(account, sink.frame, follow)
    return new Promise((resolve) => {
      const started = connectTracer(socket, (piece) => {
        silence?.heard()
        if (!isSilent) return read(piece)
        // What it has to say of the time in which others were relied on, they have told. The kernel takes seconds to
        // take its probes away, and the next one need not wait for that.
        started.kill()
        resolve('the tracer speaks again, and is started anew')
      })
      running = started
      if (stopping.signal.aborted) started.kill()
      void started.ended.then((reason) => resolve(endedBy ?? reason))
    })
  }

  const loop = async (): Promise<void> => {
    for (let round = 0; !stopping.signal.aborted; round++) {
      const startedMs = performance.now()
      const reason = await run()
      if (stopping.signal.aborted) return
      const wasSilent = isSilent
      died(reason)
      if (wasSilent) continue
      if (performance.now() - startedMs > lastedMs) round = 0
      const wait = backoffMs[Math.min(round, backoffMs.length - 1)]
      await sleep(wait, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }
  const done = loop()

  return {
    firstAttempt,
    attached: () => isReady && !isSilent,
    worker: () => worker,
    sees: (name) => seesWith(probeSets, name),
    lists: () =>
      isReady && !isSilent && probes.some(({ program, attached }) => program === taskLister && attached),
    stop: async (until) => {
      stopping.abort()
      silence?.stop()
      await running?.end(until)
      probeSets = []
      await done
    },
  }
}
