import type { CoreState } from '../core/core-state.ts'
import type { Step } from '../engine.ts'
import { mayWait } from './may-wait.ts'
import type { RecordFile } from './record-file.ts'
import { serializeState } from './serialize-state.ts'

/** Where the events go, in another thread or in this one. */
export type RecordSink = {
  [K in 'write' | 'keep' | 'adopt']: (...args: Parameters<RecordFile[K]>) => Promise<unknown>
}

export type RecordQueueOptions = {
  /** What cannot be written yet is kept up to here; what comes then is lost, and counted. */
  maxWaitingBytes?: number
  maxWaitingEvents?: number
  /** Before the first try again; each further one waits twice as long, up to `maxRetryMs`. */
  retryMs?: number
  maxRetryMs?: number
  /** Why it fails from the start. */
  failure?: Error | null
  /** The sink has failed twice in a row. */
  onFailing: (error: Error) => void
  /** The sink works again, and this many events are lost for good. */
  onRecovered: (lost: number) => void
}

export type RecordStatus = {
  /** Null: the record is being written. */
  failure: Error | null
  waiting: number
  waitingBytes: number
  /** The part of the room for waiting events that is taken, 0 to 1. */
  fill: number
  /** Events there was no room for, since the queue was made. */
  lost: number
}

export type RecordQueue = {
  record: (step: Step) => void
  /** Settles when all that waits now is written, or cannot be. */
  flush: () => Promise<void>
  status: () => RecordStatus
  /** Writes what waits. @returns how many events could not be written */
  close: () => Promise<number>
}

/**
 * Events that must not be lost are sent after this, so that those of one moment go together. Not at once, though: a
 * transition's start would be written just when its end waits for RCU-tasks for the first time (see quiet-time.ts).
 */
const gatherMs = 40
/** Others wait for company. */
const lingerMs = 1_000
/** A batch is written in about this time, so that what presses meanwhile need not wait for long. */
const batchMs = 10
const smallestBatch = 20
const largestBatch = 2_000

/**
 * Hands events to who writes them, many at a time, one batch after the other; keeps what cannot be written, within
 * a bound, and tries again. Their order stays: what is lost for want of room is one stretch, and behind it the sink
 * gets the state to go on from. When events that must not be lost come faster than they are written, they are put on
 * disk as they are first.
 */
export const createRecordQueue = (sink: RecordSink, options: RecordQueueOptions): RecordQueue => {
  const { maxWaitingBytes = 64_000_000, maxWaitingEvents = 400_000 } = options
  const { retryMs = 250, maxRetryMs = 5_000 } = options
  let waiting: string[] = []
  let waitingBytes = 0
  // Places in the stream of events: of the first that waits; behind the newest that presses; behind what is to be sent now.
  let head = 0
  let pressingTo = 0
  let wantedTo = 0
  /** Behind the newest that is on disk unsorted. */
  let keptTo = 0
  let batchSize = 50
  /** Events since there was no room, and what follows on a stretch of them. */
  let missing = 0
  let bridge: { state: string; lost: number } | undefined
  let latest: CoreState | undefined
  /** Of the newest that waits. */
  let lastSeq = 0
  let lost = 0
  let failure = options.failure ?? null
  let failures = failure ? 2 : 0
  let timer: { at: number; handle: NodeJS.Timeout } | undefined
  let pumping: Promise<void> | undefined
  let flushing: { to: number; settle: () => void }[] = []

  const tail = () => head + waiting.length

  /** Sends in so many milliseconds, or earlier if that is planned already. */
  const plan = (delayMs: number): void => {
    const at = performance.now() + delayMs
    if (pumping || (timer && timer.at <= at)) return
    clearTimeout(timer?.handle)
    timer = { at, handle: setTimeout(() => void send(), delayMs) }
  }

  const send = (): Promise<void> => {
    clearTimeout(timer?.handle)
    timer = undefined
    wantedTo = tail()
    pumping ??= pump().finally(() => {
      pumping = undefined
      settleFlushes(Number.POSITIVE_INFINITY)
      if (failures > 0) plan(Math.min(maxRetryMs, retryMs * 2 ** (failures - 1)))
      else if (waiting.length > 0) plan(lingerMs)
    })
    return pumping
  }

  const pump = async (): Promise<void> => {
    try {
      while (
        bridge ||
        missing > 0 ||
        head < Math.max(wantedTo, pressingTo) ||
        waiting.length >= largestBatch
      ) {
        if (bridge) await sendBridge(bridge)
        else if (waiting.length > 0) await sendBatch()
        else if (latest) {
          bridge = { state: serializeState(latest), lost: missing }
          missing = 0
        }
        succeeded()
      }
    } catch (error) {
      failures++
      // What was kept may be in a record that is damaged or gone.
      keptTo = head
      if (failures >= 2 && failure === null) options.onFailing(error as Error)
      if (failures >= 2) failure = error as Error
    }
  }

  const sendBatch = async (): Promise<void> => {
    const batch = waiting.slice(0, batchSize)
    const end = head + batch.length
    if (pressingTo > Math.max(end, keptTo)) await keep()
    const begun = performance.now()
    await sink.write(batch, pressingTo > head && keptTo < end)
    batchSize = nextBatchSize(batch.length, performance.now() - begun)
    waiting = waiting.slice(batch.length)
    head = end
    settleFlushes(head)
    waitingBytes -= batch.reduce((sum, text) => sum + text.length, 0)
  }

  const settleFlushes = (to: number): void => {
    const settled = flushing.filter((flush) => flush.to <= to)
    flushing = flushing.filter((flush) => flush.to > to)
    for (const { settle } of settled) settle()
  }

  /** Puts all that waits on disk. */
  const keep = async (): Promise<void> => {
    const to = tail()
    const lines = waiting.slice(Math.max(0, keptTo - head)).join('\n')
    await sink.keep(lastSeq, lines)
    keptTo = to
  }

  const nextBatchSize = (written: number, ms: number): number => {
    if (written < batchSize && ms < batchMs) return batchSize
    const fitting = Math.round((written * batchMs) / Math.max(ms, 1))
    // Not at once after a single quick or slow one.
    return Math.min(largestBatch, Math.max(smallestBatch, Math.round((batchSize + fitting) / 2)))
  }

  const sendBridge = async ({ state, lost }: { state: string; lost: number }): Promise<void> => {
    await sink.adopt(state)
    bridge = undefined
    failure = null
    failures = 0
    options.onRecovered(lost)
  }

  const succeeded = (): void => {
    failures = 0
    if (failure === null || waiting.length > 0 || missing > 0 || bridge) return
    failure = null
    options.onRecovered(0)
  }

  if (failure) plan(retryMs)

  return {
    record: (step) => {
      latest = step.state
      if (missing > 0 || waiting.length >= maxWaitingEvents || waitingBytes >= maxWaitingBytes) {
        missing++
        lost++
        return
      }
      const text = JSON.stringify(step.event)
      waiting.push(text)
      waitingBytes += text.length
      lastSeq = step.event.seq
      const presses = !mayWait(step.event.kind)
      if (presses) pressingTo = tail()
      if (failures === 0) plan(presses || waiting.length >= largestBatch ? gatherMs : lingerMs)
    },
    flush: () =>
      failures > 0 || waiting.length === 0
        ? Promise.resolve()
        : new Promise((settle) => {
            flushing.push({ to: tail(), settle })
            void send()
          }),
    status: () => ({
      failure,
      waiting: waiting.length,
      waitingBytes,
      fill: Math.min(1, Math.max(waiting.length / maxWaitingEvents, waitingBytes / maxWaitingBytes)),
      lost,
    }),
    close: async () => {
      await pumping
      await send()
      clearTimeout(timer?.handle)
      return waiting.length + missing + (bridge?.lost ?? 0)
    },
  }
}
