import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { initialState } from '../../daemon/core/core-state.ts'
import { createEngine } from '../../daemon/engine.ts'
import { probeRecord, type RawRecord } from '../../daemon/probes/raw-record.ts'
import { FrameReader } from '../../daemon/raw/frames.ts'
import { TracerStream } from '../../daemon/raw/tracer-stream.ts'
import { checkoutRoot } from '../lab/checkout.ts'
import type { BenchOptions, HostBench, Section } from './bench.ts'
import { decodingAgainst } from './decoding-against.ts'
import { fixed } from './format.ts'
import { median, quantile } from './statistics.ts'

const recordingsDir = (): string => join(checkoutRoot(), 'test', 'recordings')

const readRecordings = (): Buffer[] =>
  readdirSync(recordingsDir())
    .filter((name) => name.endsWith('.recording.gz'))
    .map((name) => gunzipSync(readFileSync(join(recordingsDir(), name))))

/** Milliseconds that work takes. */
const time = (work: () => void): number => {
  const begun = performance.now()
  work()
  return performance.now() - begun
}

/** What any reader has to do at least: cut the bytes into frames. @returns frames */
const cutOnly = (recordings: readonly Buffer[]): number => {
  let frames = 0
  for (const recording of recordings) for (const _ of new FrameReader(true).read(recording)) frames++
  return frames
}

/** The daemon's own way, from bytes to state. @returns events */
const decodeAndReduce = (recordings: readonly Buffer[]): number => {
  let events = 0
  for (const recording of recordings) {
    const engine = createEngine(initialState, [() => events++])
    for (const message of new TracerStream({ ofRecording: true }).read(recording)) {
      if (message.type === 'record') engine.ingest(probeRecord(message.record))
      else if (message.type === 'observation') engine.ingest(message.observation as RawRecord)
    }
  }
  return events
}

const run = async ({ quick, against }: BenchOptions): Promise<Section[]> => {
  if (against !== undefined) return [await decodingAgainst(against, quick ? 2 : 6)]
  const recordings = readRecordings()
  const records = cutOnly(recordings)
  const events = decodeAndReduce(recordings)
  const rounds = Array.from({ length: quick ? 7 : 31 }, () => ({
    parse: time(() => cutOnly(recordings)),
    whole: time(() => decodeAndReduce(recordings)),
  }))
  // The first are slower: the compiler of JavaScript has not seen the code yet.
  const warm = rounds.slice(2)
  const parseMs = warm.map((round) => round.parse)
  const wholeMs = warm.map((round) => round.whole)
  const ratios = warm.map((round) => round.whole / round.parse)
  const perSecond = (count: number, ms: number) => fixed((count / ms) * 1000, 0)
  const spread = (values: number[]) =>
    `${fixed(quantile(values, 0.25), 1)}-${fixed(quantile(values, 0.75), 1)}`
  return [
    {
      title: 'Decoding and reducing the recordings of test/recordings, on this machine',
      columns: ['work', 'ms (median)', 'quartiles', 'records/s', 'events/s', 'x cutting'],
      rows: [
        [
          'cut into frames only',
          fixed(median(parseMs), 1),
          spread(parseMs),
          perSecond(records, median(parseMs)),
          '',
          '1.0',
        ],
        [
          'read, decode, number, reduce',
          fixed(median(wholeMs), 1),
          spread(wholeMs),
          perSecond(records, median(wholeMs)),
          perSecond(events, median(wholeMs)),
          fixed(median(ratios), 1),
        ],
      ],
      notes: [
        `${recordings.length} recordings, ${records} records, ${events} events, ${warm.length} rounds of both in turn; without the database and the dashboard.`,
      ],
      data: { recordings: recordings.length, records, events, parseMs, wholeMs, medianRatio: median(ratios) },
    },
  ]
}

/** How many events a second can the daemon digest, and how far is that from merely cutting them? */
export const decoding: HostBench = {
  name: 'decoding',
  where: 'host',
  about: 'events per second from raw records to state, against cutting them into frames alone',
  run,
}
