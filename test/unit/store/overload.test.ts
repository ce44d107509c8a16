import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import { openPipeline } from '../../../daemon/open-pipeline.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { bundleStoreWorker } from '../support/bundle.ts'
import { readRecording, recordingsOf, runRecords } from '../support/recordings.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-overload-'))
let workerFile: string
beforeAll(async () => {
  workerFile = await bundleStoreWorker(dir)
})
afterAll(() => rmSync(dir, { recursive: true }))

/** Of one shadow variable. */
const isSample = (record: RawRecord): boolean =>
  record.source === 'probe' && record.record.record === 'shadow-call'

const records = readRecording(recordingsOf('shadow')[0]!)
const samples = records.filter(isSample)
/** The recording, with many more shadow variables. */
const storm = records.flatMap((record, index) => [
  record,
  ...Array.from({ length: 20 }, (_, n) => samples[(index * 20 + n) % samples.length]!),
])

it('samples give way to what documents a transition, and every one of them is counted', async () => {
  const file = join(dir, 'klpscope.db')
  const emitted: Event[] = []
  let lastMonoNs = '0'
  const pipeline = await openPipeline({
    file,
    workerFile,
    accountFile: null,
    monotonicNs: () => lastMonoNs,
    keep: { days: null, mb: null },
    maxWaitingEvents: 2_000,
  })
  pipeline.addSink(({ event }) => emitted.push(event))
  // In one go: the store gets no turn in between.
  for (const record of storm) {
    lastMonoNs = record.monoNs
    pipeline.take(record)
  }
  const beforeTelling = emitted.length
  expect(await pipeline.end('SIGTERM', performance.now() + 20_000)).toBe(0)

  const database = openDatabase(file, { readonly: true })
  const recorded = (database.prepare('SELECT data FROM events ORDER BY seq').pluck().all() as string[]).map(
    (data) => JSON.parse(data) as Event,
  )
  expect(recorded).toEqual(emitted)
  expect(recorded.at(-1)?.kind).toBe('tracer-stopped')
  const lost = recorded.flatMap((event) => (event.kind === 'events-lost' && event.place ? [event.count] : []))
  const all = runRecords(storm).map(({ event }) => event)
  const sum = lost.reduce((total, count) => total + count, 0)
  expect(sum).toBeGreaterThan(1_000)
  expect(beforeTelling + sum).toBe(all.length)
  const others = (events: Event[]) =>
    events
      .map(({ kind }) => kind)
      .filter((kind) => !/^shadow-(allocated|found|freed|free-missed)$/.test(kind))
  expect(others(emitted.slice(0, beforeTelling))).toEqual(others(all))
  const { engine, account } = pipeline
  expect(serializeState(restoreState(database))).toBe(serializeState(engine.state()))
  expect(engine.state().record.lost).toBe(sum)
  expect(account.status()).toMatchObject({ recorded: recorded.length, emitted: recorded.length + sum })
  database.close()
}, 60_000)
