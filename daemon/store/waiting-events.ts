import type { Dropped } from '../account/account.ts'
import type { Event } from '../contract/event.ts'

/** A batch is written in about this time, so that what presses meanwhile need not wait for long. */
const batchMs = 10
const smallestBatch = 20
const largestBatch = 2_000

type Waiting = { text: string; seq: number; told: Dropped }

export type Batch = {
  texts: string[]
  /** Of the newest of them. */
  lastSeq: number
  /** How many lost ones its `events-lost` count. */
  lossesTold: number
  /** More presses than fits in: all of it is to be kept on disk first. */
  pressing: boolean
  /** Asked when it is written: some of it presses, and is not on disk yet. */
  isDurable: () => boolean
  /** It is written, and took so long. */
  done: (ms: number) => void
}

/**
 * The events that wait to be recorded, oldest first. Places in their stream: of the first that waits (head), behind the
 * last (tail), behind the newest that presses, behind the newest that is on disk unsorted.
 */
export const createWaitingEvents = () => {
  let waiting: Waiting[] = []
  let bytes = 0
  let head = 0
  let pressingTo = 0
  let keptTo = 0
  let lastSeq = 0
  let batchSize = 50
  let inFlight = 0
  /** How often events were given up. */
  let given = 0

  const tail = () => head + waiting.length
  const bytesOf = (some: readonly Waiting[]) => some.reduce((sum, { text }) => sum + text.length, 0)

  const nextBatchSize = (written: number, ms: number): number => {
    if (written < batchSize && ms < batchMs) return batchSize
    const fitting = Math.round((written * batchMs) / Math.max(ms, 1))
    // Not at once after a single quick or slow one.
    return Math.min(largestBatch, Math.max(smallestBatch, Math.round((batchSize + fitting) / 2)))
  }

  return {
    head: () => head,
    tail,
    count: () => waiting.length,
    bytes: () => bytes,
    push: (event: Event, presses: boolean): void => {
      const text = JSON.stringify(event)
      const told: Dropped = event.kind === 'events-lost' ? event : { kind: event.kind }
      waiting.push({ text, seq: event.seq, told })
      bytes += text.length
      lastSeq = event.seq
      if (presses) pressingTo = tail()
    },
    /** Whether something is to be sent now: what presses, and all up to a place. */
    presses: (upTo: number): boolean => waiting.length > 0 && head < Math.max(upTo, pressingTo),
    /** What was kept may be in a record that is damaged or gone. */
    nothingKept: (): void => {
      keptTo = head
      inFlight = 0
    },
    nextBatch: (): Batch => {
      const batch = waiting.slice(0, batchSize)
      inFlight = batch.length
      const end = head + batch.length
      return {
        texts: batch.map(({ text }) => text),
        lastSeq: batch.at(-1)?.seq ?? 0,
        lossesTold: batch.reduce((sum, { told }) => sum + (told.kind === 'events-lost' ? told.count : 0), 0),
        pressing: pressingTo > Math.max(end, keptTo),
        isDurable: () => pressingTo > head && keptTo < end,
        done: (ms) => {
          batchSize = nextBatchSize(batch.length, ms)
          waiting = waiting.slice(batch.length)
          inFlight = 0
          head = end
          bytes -= bytesOf(batch)
        },
      }
    },
    /** What is not on disk in any form yet. */
    unkept: () => {
      const to = tail()
      const before = given
      const lines = waiting.slice(Math.max(0, keptTo - head)).map(({ text }) => text)
      return {
        lastSeq,
        lines: lines.join('\n'),
        done: (): void => {
          if (given === before) keptTo = to
        },
      }
    },
    /** Takes out those that are not to be kept, but for what is being written just now. */
    giveUp: (keep: (event: Dropped) => boolean): Dropped[] => {
      const [sent, rest] = [waiting.slice(0, inFlight), waiting.slice(inFlight)]
      const gone = rest.filter(({ told }) => !keep(told))
      waiting = [...sent, ...rest.filter(({ told }) => keep(told))]
      bytes -= bytesOf(gone)
      keptTo = head
      pressingTo = tail()
      given++
      return gone.map(({ told }) => told)
    },
  }
}
