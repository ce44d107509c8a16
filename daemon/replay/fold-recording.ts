import * as z from 'zod'
import { monoNsSchema } from '../contract/bounds.ts'
import type { Event } from '../contract/event.ts'
import { type CoreState, initialState } from '../core/core-state.ts'
import { reduce } from '../core/reduce.ts'
import { parseTime } from '../core/time.ts'
import { createEngine, type Step } from '../engine.ts'
import { notUnderstood, probeRecord, type RawRecord, textRecord } from '../probes/raw-record.ts'
import type { TracerMessage } from '../raw/tracer-stream.ts'
import { isStoredEvent, parseStored } from '../store/stored-json.ts'

const latestNs = 2n ** 63n

/** What decoding relies on before it looks closer. */
const rawSchema = z.looseObject({ monoNs: monoNsSchema, source: z.string() })
const hostSchema = rawSchema.extend({
  hostname: z.string(),
  kernel: z.string(),
  bootId: z.string(),
  cpus: z.number(),
  version: z.string(),
  stalledAfterMs: z.number(),
})

export type Folding = {
  /** Takes a line: an event (export). Others are counted. */
  take: (line: string) => void
  /** Whether lines held raw records, as versions before the tracer recorded them. */
  isOfEarlierVersion: () => boolean
  /** Takes what a frame of a recording says (daemon --record). */
  takeFrame: (message: TracerMessage) => void
  /** Takes what was held back. */
  end: () => void
  state: () => CoreState
  malformed: () => number
}

/**
 * Folds the frames of a recording, as the live daemon did what it saw, or the lines of an export; nothing a file holds
 * is fatal.
 * @param sink gets every step; an exported part of a record begins in the middle: `from` tells after which state
 */
export const foldRecording = (
  sink: (step: Step) => void,
  beginning: (from: CoreState) => void = () => undefined,
): Folding => {
  let state = initialState
  let malformed = 0
  let rawLines = 0
  let monoNs = '0'
  /** A daemon tells the clock, then the host: a clock may be the first record of the next run. */
  let clock: RawRecord | undefined
  const steps: Step[] = []
  const newEngine = () => createEngine(state, [(step) => steps.push(step)])
  let engine = newEngine()
  let runs = 0

  const handOut = (): void => {
    state = steps.at(-1)?.state ?? state
    for (const step of steps.splice(0)) sink(step)
  }

  const ingest = (record: RawRecord): void => {
    monoNs = record.monoNs
    try {
      engine.ingest(record)
    } catch {
      unreadable(JSON.stringify(record), 'a record of another form')
    }
    handOut()
  }

  const unreadable = (line: string, error: string): void => {
    malformed++
    engine.ingest({ monoNs, source: 'recording', line, error })
    handOut()
  }

  const takeRaw = (record: RawRecord): void => {
    const waiting = clock
    clock = undefined
    if (record.source === 'host') {
      if (runs > 0) engine = newEngine()
      runs++
    }
    if (waiting) ingest(waiting)
    if (record.source === 'clock') clock = record
    else ingest(record)
  }

  const takeEvent = (event: Event): void => {
    if (state.seq === 0 && event.seq > 1) {
      state = { ...initialState, seq: event.seq - 1, time: event.time, monoNs: event.monoNs }
      beginning(state)
    }
    const [next, effects] = reduce(state, event)
    state = next
    sink({ event, state, effects })
  }

  const takeFrame = (message: TracerMessage): void => {
    if (message.type === 'record') takeRaw(probeRecord(message.record))
    else if (message.type === 'text') takeRaw(textRecord(message))
    else if (message.type === 'observation' && isRaw(message.observation)) takeRaw(message.observation)
    else if (message.type === 'observation') {
      end()
      unreadable(JSON.stringify(message.observation), 'not a raw record')
    } else if (message.type === 'not-understood') {
      end()
      const { line, error } = notUnderstood(message)
      unreadable(line, error)
    }
  }

  const end = (): void => {
    if (clock) ingest(clock)
    clock = undefined
  }

  return {
    take: (line) => {
      if (line.trim() === '') return
      const value = parseJson(line)
      if (isEvent(value, state)) return takeEvent(value)
      // Among events what is none has no place: they have their numbers.
      malformed++
      if (isRaw(value)) rawLines++
    },
    isOfEarlierVersion: () => state.seq === 0 && rawLines > 0,
    takeFrame,
    end,
    state: () => state,
    malformed: () => malformed,
  }
}

const isRaw = (value: unknown): value is RawRecord =>
  rawSchema.safeParse(value).success &&
  ((value as RawRecord).source !== 'host' || hostSchema.safeParse(value).success)

/** Also in its place: after the one before. */
const isEvent = (value: unknown, state: CoreState): value is Event => {
  if (!isStoredEvent(value) || value.seq <= state.seq) return false
  try {
    const timeNs = parseTime(value.time)
    return timeNs > 0n && timeNs < latestNs
  } catch {
    return false
  }
}

const parseJson = (line: string): unknown => {
  try {
    return parseStored(line)
  } catch {
    return undefined
  }
}
