import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import { createEngine } from '../../../daemon/engine.ts'
import { accountedFor } from '../../../daemon/store/accounted-for.ts'
import { createRecordNews } from '../../../daemon/store/record-news.ts'
import { openStore, type StoreOptions } from '../../../daemon/store/store.ts'
import { bundleStoreWorker } from '../support/bundle.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

// Slow where many tests run at once.
vi.setConfig({ testTimeout: 60_000 })
const bundleDir = mkdtempSync(join(tmpdir(), 'klpscope-worker-'))
let workerFile: string
beforeAll(async () => {
  workerFile = await bundleStoreWorker(bundleDir)
})
afterAll(() => rmSync(bundleDir, { recursive: true }))

const dir = useTemporaryDir()
const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

/** The daemon as far as the record is concerned: real threads, real engine, and `lose` makes an event happen. */
const aDaemon = async (file: string, bounds: Partial<StoreOptions> = {}, threadFile = workerFile) => {
  const emitted: Event[] = []
  const monoNs = () => String(process.hrtime.bigint())
  const news = createRecordNews((body) => engine.ingest({ ...body, monoNs: monoNs() }))
  const store = await openStore(file, threadFile, {
    keep: { days: null, mb: null },
    retryMs: 20,
    maxRetryMs: 100,
    ...news,
    ...bounds,
  })
  const engine = createEngine(store.restored, [store.queue.record, ({ event }) => emitted.push(event)])
  let closed = false
  const close = async () => {
    if (closed) return 0
    closed = true
    return store.close()
  }
  endings.push(close)
  engine.ingest({ monoNs: monoNs(), source: 'clock', wallNs: String(Date.now() * 1e6) })
  engine.ingest({
    monoNs: monoNs(),
    source: 'host',
    hostname: 'h',
    kernel: '6.1',
    bootId: 'b',
    cpus: 2,
    version: '0',
    stalledAfterMs: 10_000,
  })
  news.tellOpening(store)
  return {
    store,
    emitted,
    state: engine.state,
    close,
    happen: (times = 1) => {
      for (let time = 0; time < times; time++)
        engine.ingest({ monoNs: monoNs(), source: 'kernel-log', lost: 1 })
    },
    record: () => engine.state().record,
    findings: () => [...engine.state().findings.values()].map(({ rule, subject }) => `${rule}: ${subject}`),
    until: async (holds: () => unknown) => {
      for (let tries = 0; tries < 3_000 && !holds(); tries++) await sleep(10)
      expect(holds(), JSON.stringify(engine.state().record)).toBeTruthy()
    },
  }
}
type Daemon = Awaited<ReturnType<typeof aDaemon>>

const seqsIn = (file: string): number[] => {
  const database = new Database(file, { readonly: true })
  const seqs = database.prepare('SELECT seq FROM events ORDER BY seq').pluck().all() as number[]
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
  database.close()
  return seqs
}
/** Nothing vanished: what was emitted is in the record, or the record counts it as lost. */
const allAccountedFor = (daemon: Daemon, file: string): void => {
  const database = new Database(file, { readonly: true })
  const accounted = accountedFor(database, 0, null)
  database.close()
  expect(seqsIn(file).length).toBe(daemon.store.account.status().recorded)
  const { emitted, recorded, waiting, lost } = daemon.store.account.status()
  const sum = Object.values(lost).reduce((total, count) => total + count, 0)
  expect(recorded + waiting + sum).toBe(emitted)
  expect([waiting, accounted]).toEqual([0, emitted])
}

const mounts = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', '/mnt', '--fake']).status === 0
/** A file system of its own. */
const mount = (name: string, ...args: string[]): string => {
  const place = dir.path(name)
  mkdirSync(place)
  const { status, stderr } = spawnSync('mount', [...args, place], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  endings.unshift(() => spawnSync('umount', ['--lazy', place]))
  return place
}

describe.skipIf(!mounts)('a full disk (needs mount)', () => {
  const fill = (place: string) => {
    const handle = openSync(join(place, 'filler'), 'w')
    for (const block of [65_536, 4_096]) {
      try {
        for (;;) writeSync(handle, Buffer.alloc(block))
      } catch {
        // Full.
      }
    }
    closeSync(handle)
  }

  it('events wait and are told of; nothing is lost when there is room again in time', async () => {
    const place = mount('disk', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs')
    const daemon = await aDaemon(join(place, 'klpscope.db'))
    daemon.happen(10)
    await daemon.store.queue.flush()
    fill(place)
    daemon.happen(3_000)
    await daemon.until(() => daemon.record().status === 'failing')
    expect(daemon.record()).toMatchObject({
      reason: expect.stringMatching(/the disk of .* is full/),
      remedy: expect.stringMatching(/room/),
    })
    expect(daemon.findings()).toContain('record-failing: record')
    daemon.happen(5)
    const events = await daemon.store.queries.events({ limit: 5 })
    expect(events, 'the past can still be asked for').toHaveLength(5)
    rmSync(join(place, 'filler'))
    await daemon.until(() => daemon.record().status === 'recording')
    expect(daemon.findings()).not.toContain('record-failing: record')
    expect(await daemon.close()).toBe(0)
    allAccountedFor(daemon, join(place, 'klpscope.db'))
    expect(daemon.record().lost).toBe(0)
  })

  it('what is beyond the bound is counted, and the count is in the record', async () => {
    const place = mount('disk', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs')
    const file = join(place, 'klpscope.db')
    const daemon = await aDaemon(file, { maxWaitingEvents: 1_000 })
    fill(place)
    for (let turn = 0; turn < 20; turn++) {
      daemon.happen(250)
      await sleep(10)
    }
    await daemon.until(() => daemon.record().status === 'failing')
    expect(daemon.store.queue.status().lost).toBeGreaterThan(1_000)
    rmSync(join(place, 'filler'))
    await daemon.until(() => daemon.record().status === 'recording')
    daemon.happen()
    expect(await daemon.close()).toBe(0)
    allAccountedFor(daemon, file)
    expect(daemon.record().lost).toBeGreaterThan(1_000)
    expect(daemon.findings()).toContain('events-lost: record')
    const again = await aDaemon(file)
    expect(again.store.restored.seq, 'the state after the hole is the one that was live').toBe(
      daemon.emitted.at(-1)?.seq,
    )
    expect(again.store.restored.tracer).toEqual(daemon.state().tracer)
  })

  it('again and again, with more in the log than in the file: nothing is set aside, and it goes on each time', async () => {
    const place = mount('disk', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs')
    const file = join(place, 'klpscope.db')
    const daemon = await aDaemon(file)
    // Held by a reader, the log grows; what the file's header says of its size then runs ahead of the file.
    for (let turn = 0; turn < 3; turn++) {
      const other = new Database(file, { readonly: true })
      other.exec('BEGIN')
      other.prepare('SELECT count(*) FROM events').get()
      daemon.happen(1_500)
      await daemon.store.queue.flush()
      expect(statSync(`${file}-wal`).size, 'of the log').toBeGreaterThan(statSync(file).size / 2)
      fill(place)
      await daemon.until(() => {
        daemon.happen(200)
        return daemon.record().status === 'failing'
      })
      // Long enough for the writer to look at the file.
      await sleep(2_500)
      daemon.happen()
      expect(daemon.record()).toMatchObject({ reason: expect.stringMatching(/full/), setAside: null })
      other.close()
      rmSync(join(place, 'filler'))
      await daemon.until(() => daemon.record().status === 'recording')
    }
    expect(await daemon.close()).toBe(0)
    expect(readdirSync(place).filter((name) => name.includes('damaged'))).toEqual([])
    allAccountedFor(daemon, file)
  })

  it('a file that is shorter than its header says, with the rest in the log, is whole', async () => {
    const file = dir.path('klpscope.db')
    const daemon = await aDaemon(file)
    daemon.happen(500)
    await daemon.store.queue.flush()
    const header = Buffer.alloc(4)
    header.writeUInt32BE(1_000_000)
    const handle = openSync(file, 'r+')
    writeSync(handle, header, 0, 4, 28)
    closeSync(handle)
    await sleep(2_500)
    daemon.happen(10)
    await daemon.store.queue.flush()
    expect(daemon.record()).toMatchObject({ status: 'recording', setAside: null })
    expect(await daemon.close()).toBe(0)
    allAccountedFor(daemon, file)
  })

  it('at the start with an old record: it is kept, and goes on when there is room', async () => {
    const place = mount('disk', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs')
    const file = join(place, 'klpscope.db')
    const first = await aDaemon(file)
    first.happen(500)
    await first.close()
    fill(place)
    for (let turn = 0; turn < 3; turn++) {
      const daemon = await aDaemon(file)
      daemon.happen(2_000)
      await daemon.until(() => daemon.record().status === 'failing')
      expect(daemon.record()).toMatchObject({ reason: expect.stringMatching(/full/), setAside: null })
      if (turn === 2) {
        rmSync(join(place, 'filler'))
        await daemon.until(() => daemon.record().status === 'recording')
      }
      await daemon.close()
    }
    expect(readdirSync(place).filter((name) => name.includes('damaged'))).toEqual([])
    const seqs = seqsIn(file)
    expect(seqs.slice(0, first.emitted.length)).toEqual(first.emitted.map(({ seq }) => seq))
  })

  it('at the start: the daemon observes, and the record begins when there is room', async () => {
    const place = mount('disk', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs')
    const file = join(place, 'klpscope.db')
    fill(place)
    const daemon = await aDaemon(file)
    expect(daemon.record()).toMatchObject({ status: 'failing', reason: expect.stringMatching(/full/) })
    daemon.happen(3)
    rmSync(join(place, 'filler'))
    await daemon.until(() => daemon.record().status === 'recording')
    expect(await daemon.close()).toBe(0)
    allAccountedFor(daemon, file)
  })
})

describe.skipIf(!mounts)('a directory that cannot be written to (needs mount)', () => {
  it('the daemon observes; once it can be written to, the record goes on behind what was there', async () => {
    const place = mount('disk', '-t', 'tmpfs', 'tmpfs')
    const file = join(place, 'klpscope.db')
    const first = await aDaemon(file)
    first.happen(10)
    await first.close()
    spawnSync('mount', ['-o', 'remount,ro', place])
    const daemon = await aDaemon(file)
    expect(daemon.record()).toMatchObject({ status: 'failing', reason: expect.stringContaining(file) })
    daemon.happen(10)
    await sleep(100)
    spawnSync('mount', ['-o', 'remount,rw', place])
    await daemon.until(() => daemon.record().status === 'recording')
    expect(await daemon.close()).toBe(0)
    const seqs = seqsIn(file)
    expect(seqs).toHaveLength(first.emitted.length + daemon.emitted.length)
    expect(seqs).toEqual([...first.emitted, ...daemon.emitted].map(({ seq }) => seq))
    const again = await aDaemon(file)
    expect(again.store.restored.seq).toBe(daemon.emitted.at(-1)?.seq)
  })
})

describe('a record that another process locks', () => {
  /** Holds the file until it is ended. */
  const lock = async (file: string): Promise<ChildProcess> => {
    const addon = createRequire(import.meta.url).resolve('better-sqlite3')
    const script = `const d = new (require(${JSON.stringify(addon)}))(${JSON.stringify(file)}); d.exec('BEGIN IMMEDIATE'); console.log('held'); setInterval(() => 0, 1000)`
    const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    endings.push(() => holder.kill('SIGKILL'))
    await new Promise((resolve) => holder.stdout.once('data', resolve))
    return holder
  }

  it('while it is written: events wait, and are written when it lets go', async () => {
    const file = dir.path('klpscope.db')
    const daemon = await aDaemon(file)
    daemon.happen()
    await daemon.store.queue.flush()
    const holder = await lock(file)
    daemon.happen(10)
    await daemon.until(() => daemon.record().status === 'failing')
    expect(daemon.record().reason).toMatch(/locked by another process/)
    holder.kill('SIGKILL')
    await daemon.until(() => daemon.record().status === 'recording')
    expect(await daemon.close()).toBe(0)
    allAccountedFor(daemon, file)
  })
})

describe('a record that is destroyed while it is written', () => {
  const grown = async (): Promise<Daemon> => {
    const daemon = await aDaemon(dir.path('klpscope.db'))
    daemon.happen(3_000)
    await daemon.store.queue.flush()
    // From the log into the file.
    const other = new Database(dir.path('klpscope.db'))
    other.pragma('wal_checkpoint(TRUNCATE)')
    other.close()
    return daemon
  }
  const setAsideFiles = () =>
    readdirSync(dir.path('')).filter((name) => name.includes('.damaged-') && !name.endsWith('-wal'))

  it.each<[string, (file: string) => void]>([
    ['cut off in the middle', (file) => truncateSync(file, 4096 * Math.floor(statSync(file).size / 8192))],
    ['emptied', (file) => truncateSync(file, 0)],
    [
      'overwritten',
      (file) => {
        const handle = openSync(file, 'r+')
        writeSync(handle, Buffer.alloc(statSync(file).size, 0xa5), 0)
        closeSync(handle)
      },
    ],
    [
      'overwritten but for its first page',
      (file) => {
        const handle = openSync(file, 'r+')
        writeSync(handle, Buffer.alloc(statSync(file).size - 4096, 0xa5), 0, undefined, 4096)
        closeSync(handle)
      },
    ],
  ])(
    '%s: it is set aside, a new one begins with the present state, and the page says so',
    async (_, destroy) => {
      const file = dir.path('klpscope.db')
      const daemon = await grown()
      destroy(file)
      for (let turn = 0; turn < 300 && daemon.record().setAside === null; turn++) {
        daemon.happen(100)
        await daemon.store.queries.events({ limit: 10_000 }).catch(() => undefined)
        await sleep(10)
      }
      expect(setAsideFiles()).toHaveLength(1)
      expect(daemon.record()).toMatchObject({ status: 'recording', setAside: dir.path(setAsideFiles()[0]!) })
      expect(daemon.findings()).toContain('record-failing: damaged record')
      daemon.happen(100)
      expect(await daemon.store.queries.events({ limit: 100 })).toHaveLength(100)
      expect(await daemon.close()).toBe(0)
      const seqs = seqsIn(file)
      expect(seqs.at(-1)).toBe(daemon.emitted.at(-1)?.seq)
      const again = await aDaemon(file)
      expect(again.store.restored.tracer.eventsLost).toBe(daemon.state().tracer.eventsLost)
    },
  )

  it('overwritten while all of it is in the log too: it is set aside all the same', async () => {
    const file = dir.path('klpscope.db')
    const daemon = await aDaemon(file)
    daemon.happen(10)
    await daemon.store.queue.flush()
    const handle = openSync(file, 'r+')
    writeSync(handle, Buffer.alloc(200_000, 0xa5), 0)
    closeSync(handle)
    for (let turn = 0; turn < 300 && daemon.record().setAside === null; turn++) {
      daemon.happen()
      await sleep(10)
    }
    expect(setAsideFiles()).toHaveLength(1)
    expect(await daemon.close()).toBe(0)
    expect(seqsIn(file).at(-1)).toBe(daemon.emitted.at(-1)?.seq)
  })

  it('removed: a new one begins', async () => {
    const file = dir.path('klpscope.db')
    const daemon = await grown()
    await sleep(2_100)
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix)
    daemon.happen()
    await daemon.until(() => existsSync(file))
    await daemon.until(() => daemon.emitted.some(({ kind }) => kind === 'record-renewed'))
    daemon.happen(100)
    expect(await daemon.store.queries.events({ limit: 100 })).toHaveLength(100)
    expect(await daemon.close()).toBe(0)
    expect(seqsIn(file).at(-1)).toBe(daemon.emitted.at(-1)?.seq)
  })

  it('again and again: not more than three are kept beside it, then it says so and waits', async () => {
    const file = dir.path('klpscope.db')
    for (const name of ['1', '2', '3']) writeFileSync(`${file}.damaged-${name}`, '')
    const daemon = await grown()
    truncateSync(file, 0)
    daemon.happen()
    await daemon.until(() => {
      daemon.happen()
      return daemon.record().status === 'failing'
    })
    expect(daemon.record()).toMatchObject({
      reason: expect.stringMatching(/as 3 records before it/),
      remedy: expect.stringMatching(/away/),
    })
    rmSync(`${file}.damaged-1`)
    await daemon.until(() => daemon.record().status === 'recording')
  })
})

describe('a thread of the store that dies', () => {
  /** The real threads, which end when a file appears: in the way that is written in it. */
  const mortal = (): string => {
    const file = join(bundleDir, 'mortal.mjs')
    writeFileSync(
      file,
      `import { existsSync, readFileSync, rmSync } from 'node:fs'
       import { workerData } from 'node:worker_threads'
       import ${JSON.stringify(workerFile)}
       const order = workerData.file + '.die-' + workerData.role
       setInterval(() => {
         if (!existsSync(order)) return
         const how = readFileSync(order, 'utf8')
         rmSync(order)
         if (how === 'exit') process.exit(7)
         if (how === 'throw') throw new Error('it threw')
         const all = []
         for (;;) all.push(new Array(1e6).fill(how))
       }, 5)`,
    )
    return file
  }

  it.each(['exit', 'throw', 'memory'])(
    'while it writes (%s): nothing is lost, and it is said',
    async (how) => {
      const file = dir.path('klpscope.db')
      const daemon = await aDaemon(file, {}, mortal())
      for (let turn = 0; turn < 3; turn++) {
        writeFileSync(`${file}.die-write`, how)
        await daemon.until(() => {
          daemon.happen(20)
          return daemon.record().status === 'failing'
        })
        expect(daemon.record().reason).toMatch(/the thread that keeps the record ended/)
        await daemon.until(() => daemon.record().status === 'recording')
      }
      expect(await daemon.close()).toBe(0)
      allAccountedFor(daemon, file)
      expect(daemon.record().lost).toBe(0)
      expect(seqsIn(file)).toEqual(daemon.emitted.map(({ seq }) => seq))
    },
  )

  it('while it reads: the question is answered with an error, the next one with what is there', async () => {
    const file = dir.path('klpscope.db')
    const daemon = await aDaemon(file, {}, mortal())
    daemon.happen(10)
    writeFileSync(`${file}.die-read`, 'exit')
    const asked = async () =>
      daemon.store.queries.events({ limit: 5 }).then(
        () => 'answered',
        (error) => error.message,
      )
    let answer = ''
    for (let times = 0; times < 1_000 && !/ended/.test(answer); times++) {
      await sleep(2)
      answer = await asked()
    }
    expect(answer).toMatch(/the thread that keeps the record ended/)
    for (let times = 0; times < 200 && (await asked()) !== 'answered'; times++) await sleep(20)
    expect(await asked()).toBe('answered')
  })
})

describe('at the start', () => {
  const aRecord = async (): Promise<string> => {
    const file = dir.path('klpscope.db')
    const daemon = await aDaemon(file)
    daemon.happen(300)
    await daemon.close()
    return file
  }

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['damaged in its schema', (bytes) => bytes.fill(0xa5, 100, 4096)],
    ['damaged but for its header', (bytes) => bytes.fill(0xa5, 100)],
    ['cut off', (bytes) => bytes.subarray(0, 3 * 4096)],
  ])('a record %s is set aside as it is, and a new one begins', async (_, damage) => {
    const file = await aRecord()
    const damaged = damage(readFileSync(file))
    writeFileSync(file, damaged)
    const daemon = await aDaemon(file)
    const { setAside, status } = daemon.record()
    expect(status).toBe('recording')
    expect(readFileSync(setAside!).equals(damaged)).toBe(true)
    daemon.happen()
    await daemon.close()
    expect(seqsIn(file)).toHaveLength(daemon.emitted.length)
  })

  it('what cannot be told to be ours is refused and left as it is', async () => {
    const file = await aRecord()
    const bytes = readFileSync(file).fill(0xa5, 0, 4096)
    writeFileSync(file, bytes)
    await expect(aDaemon(file)).rejects.toThrow(/damaged or not a SQLite database/)
    expect(readFileSync(file).equals(bytes)).toBe(true)
  })
})
