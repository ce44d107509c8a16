import { type Account, createAccount } from '../account/account.ts'
import type { CoreState } from '../core/core-state.ts'
import type { Step } from '../engine.ts'
import { timeUntil } from '../time-until.ts'
import { mayWait, precedenceOf, shareOf } from './precedence.ts'
import type { RecordFile } from './record-file.ts'
import { serializeState } from './serialize-state.ts'
import { ThreadEnded } from './thread-calls.ts'
import { createWaitingEvents } from './waiting-events.ts'

/** Where the events go, in another thread or in this one. */
export type RecordSink = {
  [K in 'write' | 'keep' | 'adopt']: (...args: Parameters<RecordFile[K]>) => Promise<unknown>
}

export type RecordQueueOptions = {
  account?: Pick<Account, 'numbered' | 'dropped' | 'recorded'>
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
  /** Events there was no room for, since the queue was made, and those lost before that no event tells of any more. */
  lost: number
  /** Events are being lost; how many is told when the record goes on behind them. */
  losing: boolean
}

export type RecordQueue = {
  record: (step: Step) => void
  /** Settles when all that waits now is written, or cannot be. */
  flush: () => Promise<void>
  status: () => RecordStatus
  /**
   * Writes what waits, until then at the latest (on performance.now's clock). What is not written by then is given up, the
   * rare last, and the record goes on behind it.
   */
  drain: (until: number) => Promise<void>
  /** Writes what waits, until then at the latest. @returns how many events could not be written */
  close: (until?: number) => Promise<number>
}

/**
 * Events that must not be lost are sent after this, so that those of one moment go together. Not at once, though: a
 * transition's start would be written just when its end waits for RCU-tasks for the first time (see quiet-time.ts).
 */
const gatherMs = 40
/** Others wait for company. */
const lingerMs = 1_000
const largestBatch = 2_000
/** When stopping, so much of the time is for rare events alone, and so much for the state behind what is given up. */
const rareMs = 300
const adoptMs = 200

/**
 * Hands events to who writes them, many at a time, one batch after the other; keeps what cannot be written, within
 * a bound, and tries again. Their order stays. What is lost for lack of room leaves a hole, in which only rare events are
 * kept, and behind it the sink gets the state to go on from. When events that must not be lost come faster than they are
 * written, they are put on disk as they are first.
 */
export const createRecordQueue = (sink: RecordSink, options: RecordQueueOptions): RecordQueue => {
  const { account = createAccount(), maxWaitingBytes = 64_000_000, maxWaitingEvents = 400_000 } = options
  const { retryMs = 250, maxRetryMs = 5_000 } = options
  const events = createWaitingEvents()
  /** Behind what is to be sent now. */
  let wantedTo = 0
  /** Events are missing behind those that wait; those of them that are to be told of when the record goes on. */
  let hole = false
  let missing = 0
  let bridge: { state: string; lost: number } | undefined
  let latest: CoreState | undefined
  let lost = 0
  let failure = options.failure ?? null
  let failures = failure ? 2 : 0
  let timer: { at: number; handle: NodeJS.Timeout } | undefined
  let pumping: Promise<void> | undefined
  let flushing: { to: number; settle: () => void }[] = []
  /** The sink is being ended: a thread that is ended in the middle of a call takes the whole process with it. */
  let isClosed = false

  const fill = () => Math.max(events.count() / maxWaitingEvents, events.bytes() / maxWaitingBytes)

  /** Sends in so many milliseconds, or earlier if that is planned already. */
  const plan = (delayMs: number): void => {
    const at = performance.now() + delayMs
    if (isClosed || pumping || (timer && timer.at <= at)) return
    clearTimeout(timer?.handle)
    timer = { at, handle: setTimeout(() => void send(), delayMs) }
  }

  const send = (): Promise<void> => {
    clearTimeout(timer?.handle)
    timer = undefined
    wantedTo = events.tail()
    pumping ??= pump().finally(() => {
      pumping = undefined
      settleFlushes(Number.POSITIVE_INFINITY)
      if (failures > 0) plan(Math.min(maxRetryMs, retryMs * 2 ** (failures - 1)))
      else if (events.count() > 0) plan(lingerMs)
    })
    return pumping
  }

  const pump = async (): Promise<void> => {
    try {
      while (!isClosed && (bridge || hole || events.presses(wantedTo) || events.count() >= largestBatch)) {
        if (bridge) await sendBridge(bridge)
        else if (events.count() > 0) await sendBatch()
        else if (latest) {
          bridge = { state: serializeState(latest), lost: missing }
          hole = false
          missing = 0
        }
        succeeded()
      }
    } catch (error) {
      if (isClosed) return
      failures++
      events.nothingKept()
      // A thread that ended is told of at once: it may be back before the next try.
      const isTold = failures >= 2 || error instanceof ThreadEnded
      if (isTold && failure === null) options.onFailing(error as Error)
      if (isTold) failure = error as Error
    }
  }

  const sendBatch = async (): Promise<void> => {
    const batch = events.nextBatch()
    if (batch.pressing) {
      const unkept = events.unkept()
      await sink.keep(unkept.lastSeq, unkept.lines)
      unkept.done()
      if (isClosed) return
    }
    const begun = performance.now()
    await sink.write(batch.texts, batch.isDurable())
    batch.done(performance.now() - begun)
    account.recorded(batch.texts.length, batch.lossesTold, batch.lastSeq)
    settleFlushes(events.head())
  }

  const settleFlushes = (to: number): void => {
    const settled = flushing.filter((flush) => flush.to <= to)
    flushing = flushing.filter((flush) => flush.to > to)
    for (const { settle } of settled) settle()
  }

  const sendBridge = async ({ state, lost }: { state: string; lost: number }): Promise<void> => {
    await sink.adopt(state)
    bridge = undefined
    const failed = failure !== null
    failure = null
    failures = 0
    if (failed || lost > 0) options.onRecovered(lost)
  }

  const succeeded = (): void => {
    failures = 0
    if (failure === null || events.count() > 0 || hole || bridge) return
    failure = null
    options.onRecovered(0)
  }

  const giveUp = (keepRare: boolean): void => {
    const given = events.giveUp(({ kind }) => keepRare && precedenceOf(kind) === 'rare')
    for (const event of given) account.dropped('stop', event)
    if (given.length > 0) hole = true
  }

  const sendUntil = (until: number): Promise<void> =>
    Promise.race([(pumping ?? Promise.resolve()).then(send), timeUntil(until)])

  if (failure) plan(retryMs)

  return {
    record: ({ event, state }) => {
      latest = state
      account.numbered(event)
      const precedence = precedenceOf(event.kind)
      if (fill() >= shareOf[precedence] || (hole && precedence !== 'rare')) {
        const gone = account.dropped('record-queue', event)
        hole = true
        missing += gone
        lost += gone
        return
      }
      const presses = !mayWait(event.kind)
      events.push(event, presses)
      if (failures === 0) plan(presses || events.count() >= largestBatch ? gatherMs : lingerMs)
    },
    flush: () =>
      failures > 0 || events.count() === 0
        ? Promise.resolve()
        : new Promise((settle) => {
            flushing.push({ to: events.tail(), settle })
            void send()
          }),
    status: () => ({
      failure,
      waiting: events.count(),
      waitingBytes: events.bytes(),
      fill: Math.min(1, fill()),
      lost,
      losing: hole || bridge !== undefined,
    }),
    drain: async (until) => {
      await sendUntil(until - adoptMs - rareMs)
      if (events.count() > 0) giveUp(true)
      await sendUntil(until - adoptMs)
      giveUp(false)
      if (hole || bridge) await sendUntil(until)
    },
    close: async (until = Number.POSITIVE_INFINITY) => {
      await sendUntil(until)
      isClosed = true
      clearTimeout(timer?.handle)
      return events.count() + missing + (bridge?.lost ?? 0)
    },
  }
}
