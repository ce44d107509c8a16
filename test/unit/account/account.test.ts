import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openPipeline, type Pipeline } from '../../../daemon/open-pipeline.ts'
import { probeRecord } from '../../../daemon/probes/raw-record.ts'
import { shadowWhat } from '../../../daemon/probes/shadow-event.ts'
import type { TracerRecord } from '../../../daemon/raw/records.ts'
import { accountedFor } from '../../../daemon/store/accounted-for.ts'
import { bundleStoreWorker } from '../support/bundle.ts'
import { lostRecords, recordOf, taskId } from '../support/probe.ts'

vi.setConfig({ testTimeout: 120_000 })
const dir = mkdtempSync(join(tmpdir(), 'klpscope-account-'))
let workerFile: string
beforeAll(async () => {
  workerFile = await bundleStoreWorker(dir)
})
afterAll(() => rmSync(dir, { recursive: true }))

const monotonicNs = () => String(process.hrtime.bigint())
const sample = recordOf('shadow-call', { object: 4096n, id: 7n, bytes: 8n, what: shadowWhat.allocated })
const rare = recordOf('task-blocked', { task: taskId(900), error: -98, function: 'klpt_f', state: 1026 })

const begin = async (name: string, bounds: { maxWaitingEvents?: number } = {}): Promise<Pipeline> => {
  const pipeline = await openPipeline({
    file: join(dir, `${name}.db`),
    workerFile,
    accountFile: join(dir, `${name}.json`),
    monotonicNs,
    keep: { days: null, mb: null },
    retryMs: 10,
    maxRetryMs: 50,
    ...bounds,
  })
  pipeline.take({ monoNs: monotonicNs(), source: 'clock', wallNs: String(BigInt(Date.now()) * 1_000_000n) })
  pipeline.take({
    monoNs: monotonicNs(),
    source: 'host',
    hostname: 'h',
    kernel: '6.1',
    bootId: 'b',
    cpus: 1,
    version: '0',
    stalledAfterMs: 10_000,
  })
  return pipeline
}
const feed = (pipeline: Pipeline, record: TracerRecord, times: number): void => {
  for (let time = 0; time < times; time++)
    pipeline.take(probeRecord({ ...record, monoNs: BigInt(monotonicNs()) }))
}
const sumOf = (lost: Record<string, number>): number =>
  Object.values(lost).reduce((sum, count) => sum + count, 0)
/** It holds at every moment. */
const holds = ({ account, store }: Pipeline): void => {
  const { emitted, recorded, waiting, lost } = account.status()
  expect(recorded + waiting + sumOf(lost)).toBe(emitted)
  expect(store.queue.status().waiting).toBe(waiting)
}
const inRecord = (name: string): number => {
  const database = new Database(join(dir, `${name}.db`), { readonly: true })
  const count = accountedFor(database, 0, null)
  database.close()
  return count
}
const kindsIn = (name: string): string[] => {
  const database = new Database(join(dir, `${name}.db`), { readonly: true })
  const kinds = database.prepare('SELECT kind FROM events ORDER BY seq').pluck().all() as string[]
  database.close()
  return kinds
}

/** How long a writing thread waits for a lock (store/open-database.ts). */
const lockPatienceMs = 1_000
/** The second run cannot tell of what the first left open: the third has to. */
const twiceStoppedWhileLocked = [
  { what: 'lock' as const, count: 0 },
  { what: 'restart' as const, count: 0 as const },
  { what: 'lock' as const, count: 0 },
  { what: 'restart' as const, count: 0 as const },
]

it('emitted is recorded plus lost, whatever floods, is lost, fails and stops', async () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('samples' as const), count: fc.nat(800) }),
    fc.record({ what: fc.constant('rare' as const), count: fc.nat(60) }),
    fc.record({ what: fc.constant('lost' as const), count: fc.nat(100_000) }),
    fc.record({ what: fc.constant('lock' as const), count: fc.nat(1) }),
    fc.record({ what: fc.constant('wait' as const), count: fc.nat(60) }),
    fc.record({ what: fc.constant('restart' as const), count: fc.constant(0) }),
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const name = `random-${round++}`
      let pipeline = await begin(name, { maxWaitingEvents: 400 })
      let locker: Database.Database | undefined
      const unlock = () => {
        locker?.close()
        locker = undefined
      }
      let emitted = 0
      // What a run takes over from the ones before was emitted there, wherever it is counted in the end: a run that
      // is itself stopped before it could tell of it counts it as given up.
      const takenOver = () => pipeline.account.status().lost.killed
      let earlier = takenOver()
      const end = async (): Promise<number> => {
        const open = await pipeline.end('SIGTERM', performance.now() + (locker ? 900 : 20_000))
        holds(pipeline)
        emitted += pipeline.account.status().emitted - earlier
        return open
      }
      let lostSoFar = 0n
      for (const { what, count } of steps) {
        if (what === 'samples') feed(pipeline, sample, count)
        if (what === 'rare') feed(pipeline, rare, count)
        if (what === 'lost') {
          lostSoFar += BigInt(count)
          pipeline.take(lostRecords(lostSoFar))
        }
        if (what === 'lock' && locker) unlock()
        else if (what === 'lock') {
          locker = new Database(join(dir, `${name}.db`), { timeout: 2_000 })
          locker.exec('BEGIN IMMEDIATE')
        }
        if (what === 'wait') await sleep(count)
        if (what === 'restart') {
          await end()
          // A process would be gone: here its writing thread may still wait for the lock, and must not get it.
          if (locker) await sleep(2 * lockPatienceMs)
          unlock()
          pipeline = await begin(name, { maxWaitingEvents: 400 })
          earlier = takenOver()
        }
        holds(pipeline)
      }
      unlock()
      // One more, in case the last could not write.
      if ((await end()) > 0) {
        pipeline = await begin(name)
        earlier = takenOver()
        expect(await end()).toBe(0)
      }
      expect(inRecord(name)).toBe(emitted)
    }),
    {
      numRuns: 5,
      examples: [[twiceStoppedWhileLocked]],
    },
  )
}, 300_000)

describe('a stop', () => {
  it('takes less than 2 s with 300,000 events waiting; what is given up is counted in the record', async () => {
    const name = 'flooded'
    const pipeline = await begin(name, { maxWaitingEvents: 650_000 })
    feed(pipeline, sample, 300_000)
    feed(pipeline, rare, 20)
    const begun = performance.now()
    expect(await pipeline.end('SIGTERM', begun + 1_700)).toBe(0)
    // What is left to a machine that does other things as well.
    expect(performance.now() - begun).toBeLessThan(10_000)
    const kinds = kindsIn(name)
    expect(kinds.at(-1)).toBe('tracer-stopped')
    expect(
      kinds.filter((kind) => kind === 'task-blocked'),
      'rare ones go first',
    ).toHaveLength(20)
    const { lost, emitted } = pipeline.account.status()
    expect(lost.stop).toBeGreaterThan(1_000)
    expect(inRecord(name)).toBe(emitted)
  })

  it('takes no longer while the record is locked; the next start counts what was given up', async () => {
    const name = 'locked'
    const pipeline = await begin(name)
    await pipeline.store.queue.flush()
    const locker = new Database(join(dir, `${name}.db`))
    locker.exec('BEGIN IMMEDIATE')
    feed(pipeline, rare, 1_000)
    const begun = performance.now()
    expect(await pipeline.end('SIGTERM', begun + 1_700)).toBeGreaterThan(1_000)
    expect(performance.now() - begun).toBeLessThan(10_000)
    locker.close()
    const { emitted } = pipeline.account.status()
    await sleep(1_500)
    const next = await begin(name)
    expect(await next.end('SIGTERM', performance.now() + 20_000)).toBe(0)
    const after = next.account.status()
    // In one process its thread may still have written some.
    expect(after.lost.killed).toBeGreaterThan(0)
    expect(inRecord(name)).toBe(emitted + after.emitted - after.lost.killed)
  })
})

it('while the record cannot be written, rare events have room that a flood of others does not get', async () => {
  const name = 'reserved'
  const pipeline = await begin(name, { maxWaitingEvents: 1_000 })
  await pipeline.store.queue.flush()
  const locker = new Database(join(dir, `${name}.db`))
  locker.exec('BEGIN IMMEDIATE')
  feed(pipeline, sample, 100)
  for (let tries = 0; tries < 1_000 && !pipeline.store.queue.status().failure; tries++) await sleep(10)
  feed(pipeline, sample, 5_000)
  feed(pipeline, rare, 300)
  expect(pipeline.account.status().lost['record-queue']).toBeGreaterThan(4_000)
  locker.close()
  expect(await pipeline.end('SIGTERM', performance.now() + 20_000)).toBe(0)
  const kinds = kindsIn(name)
  expect(kinds.filter((kind) => kind === 'task-blocked')).toHaveLength(300)
  expect(kinds.at(-1)).toBe('tracer-stopped')
  expect(inRecord(name)).toBe(pipeline.account.status().emitted)
})
