import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { initialState } from '../../daemon/core/core-state.ts'
import { createEngine } from '../../daemon/engine.ts'
import type { RawRecord } from '../../daemon/probes/raw-record.ts'
import { checkoutRoot } from '../lab/checkout.ts'
import type { BenchOptions, HostBench, Section } from './bench.ts'
import { fixed } from './format.ts'
import { median, quantile } from './statistics.ts'

const recordingsDir = (): string => join(checkoutRoot(), 'test', 'recordings')

const readLines = (): string[][] =>
  readdirSync(recordingsDir())
    .filter((name) => name.endsWith('.ndjson.gz'))
    .map((name) =>
      gunzipSync(readFileSync(join(recordingsDir(), name)))
        .toString('utf8')
        .trimEnd()
        .split('\n'),
    )

/** Milliseconds that work takes. */
const time = (work: () => void): number => {
  const begun = performance.now()
  work()
  return performance.now() - begun
}

/** What any reader has to do at least: the record, and the line of bpftrace in it. */
const parseOnly = (recordings: readonly string[][]): void => {
  for (const lines of recordings) {
    for (const text of lines) {
      const record = JSON.parse(text) as RawRecord
      if (record.source === 'bpftrace') JSON.parse(record.line)
    }
  }
}

/** The daemon's own way, from text to state. @returns events */
const decodeAndReduce = (recordings: readonly string[][]): number => {
  let events = 0
  for (const lines of recordings) {
    const engine = createEngine(initialState, [() => events++])
    for (const text of lines) engine.ingest(JSON.parse(text) as RawRecord)
  }
  return events
}

const run = async ({ quick }: BenchOptions): Promise<Section[]> => {
  const recordings = readLines()
  const records = recordings.reduce((sum, lines) => sum + lines.length, 0)
  const events = decodeAndReduce(recordings)
  const rounds = Array.from({ length: quick ? 7 : 31 }, () => ({
    parse: time(() => parseOnly(recordings)),
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
      columns: ['work', 'ms (median)', 'quartiles', 'records/s', 'events/s', 'x JSON.parse'],
      rows: [
        [
          'JSON.parse only',
          fixed(median(parseMs), 1),
          spread(parseMs),
          perSecond(records, median(parseMs)),
          '',
          '1.0',
        ],
        [
          'parse, decode, number, reduce',
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

/** How many events a second can the daemon digest, and how far is that from merely parsing them? */
export const decoding: HostBench = {
  name: 'decoding',
  where: 'host',
  about: 'events per second from raw records to state, against JSON.parse alone',
  run,
}
