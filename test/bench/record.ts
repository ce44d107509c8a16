import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import { buildReport } from '../../daemon/report/build-report.ts'
import { readEvidence } from '../../daemon/report/read-evidence.ts'
import { renderReport } from '../../daemon/report/render-report.ts'
import { openDatabase } from '../../daemon/store/open-database.ts'
import { createPast } from '../../daemon/store/past.ts'
import { createQueries } from '../../daemon/store/queries.ts'
import type { BenchOptions, HostBench, Section } from './bench.ts'
import { fixed } from './format.ts'
import { fillRecord } from './make-record.ts'
import { median, quantile } from './statistics.ts'

/** A byte of an event's own takes about two in the record, and the log beside it. */
const roomPerEvent = 1_500
const samples = 200
const eventsAsked = 10_000

/** Numbers in [0, 1), the same in every run. */
const chance = (): (() => number) => {
  let state = 0x9e3779b9
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

type Question = { name: string; boundMs: number; ask: (random: () => number) => unknown }

/** What people ask of a record, each about another place in it every time. */
const questionsOf = (database: Database): Question[] => {
  const queries = createQueries(database)
  const all = <T>(sql: string) => database.prepare(sql).pluck().safeIntegers().all() as T[]
  const [fromNs = 0n, toNs = 0n] = [
    ...all<bigint>('SELECT min(time_ns) FROM events'),
    ...all<bigint>('SELECT max(time_ns) FROM events'),
  ]
  const tids = all<bigint>('SELECT DISTINCT tid FROM transition_tasks').map(Number)
  const transitions = all<string>('SELECT id FROM transitions')
  const names = queries.seriesNames()
  const moment = (random: () => number) => fromNs + BigInt(Math.floor(Number(toNs - fromNs) * random()))
  const one = <T>(list: readonly T[], random: () => number) => list[Math.floor(random() * list.length)] as T
  return [
    {
      name: 'history of one task',
      boundMs: 50,
      ask: (random) => queries.events({ tid: one(tids, random), limit: eventsAsked }),
    },
    {
      name: 'a window of one minute',
      boundMs: 50,
      ask: (random) => {
        const from = moment(random)
        return queries.events({ fromNs: from, toNs: from + 60_000_000_000n, limit: eventsAsked })
      },
    },
    {
      name: 'state at a moment',
      boundMs: 100,
      ask: (random) => {
        // Without what an earlier question left behind.
        const past = createPast(database)
        const seq = past.seqAt(moment(random))
        return seq === null ? null : past.viewAfter(seq)
      },
    },
    {
      name: 'a series over all, 600 points',
      boundMs: 200,
      ask: (random) => queries.series(one(names, random), fromNs, toNs, 600),
    },
    {
      name: 'events of a rare kind, newest 100',
      boundMs: 50,
      ask: () => queries.events({ kind: ['patch-load-refused'], limit: 100 }),
    },
    {
      name: 'report of a transition, HTML',
      boundMs: 1_000,
      ask: (random) => {
        const evidence = readEvidence(database, one(transitions, random))
        return evidence && renderReport(buildReport(evidence, 'bench'), 'html')
      },
    },
  ]
}

const measure = ({ name, boundMs, ask }: Question, times: number) => {
  const random = chance()
  const ms = Array.from({ length: times }, () => {
    const begun = performance.now()
    ask(random)
    return performance.now() - begun
  })
  return { name, boundMs, medianMs: median(ms), p95Ms: quantile(ms, 0.95), worstMs: Math.max(...ms) }
}

const indexes = [
  'events_by_time',
  'events_by_transition',
  'events_by_tid',
  'events_by_kind',
  'events_by_patch',
]

/** Events per second into a fresh record, and bytes per event in it. */
const ingestion = (dir: string, events: number, withIndexes: boolean) => {
  const file = join(dir, `ingestion-${withIndexes}.db`)
  const database = openDatabase(file)
  if (!withIndexes) for (const index of indexes) database.exec(`DROP INDEX ${index}`)
  const { writingMs } = fillRecord(database, events)
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.close()
  const bytes = statSync(file).size
  rmSync(file)
  return { withIndexes, perS: (events / writingMs) * 1000, bytesPerEvent: bytes / events }
}

const run = async ({ quick }: BenchOptions): Promise<Section[]> => {
  const events = quick ? 200_000 : 10_000_000
  const { bavail, bsize } = statfsSync(tmpdir())
  if (bavail * bsize < events * roomPerEvent)
    throw new Error(`${tmpdir()} has no room for ${events} events; name another place with TMPDIR`)
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-bench-'))
  try {
    const rates = [true, false].map((withIndexes) => ingestion(dir, quick ? 20_000 : 200_000, withIndexes))
    const file = join(dir, 'klpscope.db')
    const database = openDatabase(file)
    const { writingMs, textBytes } = fillRecord(database, events, (written) => {
      if (written % 1_000_000 === 0) process.stderr.write(`bench: ${written} events written\n`)
    })
    database.pragma('wal_checkpoint(TRUNCATE)')
    const bytesPerEvent = statSync(file).size / events
    database.close()
    const reading = openDatabase(file, { readonly: true })
    const answers = questionsOf(reading).map((question) => measure(question, quick ? 20 : samples))
    reading.close()
    const slow = answers.filter(({ p95Ms, boundMs }) => p95Ms > boundMs)
    return [
      {
        title: 'Writing the record, on this machine',
        columns: ['events', 'events/s written', 'bytes/event'],
        rows: [
          ...rates.map(({ withIndexes, perS, bytesPerEvent: bytes }) => [
            withIndexes ? 'a new record' : 'a new record without indexes on events',
            fixed(perS, 0),
            fixed(bytes, 0),
          ]),
          [`${events} in one record`, fixed((events / writingMs) * 1000, 0), fixed(bytesPerEvent, 0)],
        ],
        notes: [
          `Events of the recordings, over and over with other times and tasks; ${fixed(textBytes / events, 0)} bytes of JSON each. All tables, roll-ups and checkpoints included, decoding and folding not; without fsync.`,
        ],
        data: { rates, events, writingMs, textBytes, bytesPerEvent },
      },
      {
        title: `Asking a record of ${events} events`,
        columns: ['question', 'median ms', 'p95 ms', 'worst ms', 'bound ms'],
        rows: answers.map(({ name, medianMs, p95Ms, worstMs, boundMs }) => [
          name,
          fixed(medianMs, 1),
          fixed(p95Ms, 1),
          fixed(worstMs, 1),
          String(boundMs),
        ]),
        notes: ['Each asked at random places; JSON parsed, the page cache of the system warm from writing.'],
        verdict: {
          outcome: quick ? 'unclear' : slow.length === 0 ? 'passed' : 'failed',
          text:
            slow.length === 0
              ? 'p95 of every question is within its bound'
              : `too slow: ${slow.map(({ name }) => name).join(', ')}`,
        },
        data: { events, answers },
      },
    ]
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** What does the record cost, and how fast does it answer when it is long? */
export const record: HostBench = {
  name: 'record',
  where: 'host',
  about: 'a record of 10 million events: written, and asked',
  run,
}
