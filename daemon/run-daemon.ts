import { createWriteStream } from 'node:fs'
import { pino } from 'pino'
import type { Series } from './contract/state.ts'
import { createEngine } from './engine.ts'
import { bpfDir, packageVersion, storeWorkerFile, webDir } from './package-paths.ts'
import type { RawRecord } from './probes/raw-record.ts'
import { createSamples } from './replay/samples.ts'
import { createRecentPoints, recentMs, recentPoints } from './serve/recent-points.ts'
import { createHttpServer, type ListenAddress, listen } from './serve/server.ts'
import { createStream } from './serve/stream.ts'
import { monotonicNs } from './sources/clock.ts'
import { findProgram } from './sources/find-program.ts'
import { startObserver } from './sources/observer.ts'
import { giveWay } from './sources/priority.ts'
import { createRunDirectory } from './sources/run-directory.ts'
import { createRecordNews } from './store/record-news.ts'
import type { Keep } from './store/retention.ts'
import { openStore, type Store } from './store/store.ts'

export type DaemonOptions = {
  db: string
  listen: ListenAddress
  stalledAfterMs: number
  /** Calls per second of one patched function above which its calls are not counted any more. */
  callBudgetPerS: number
  keep: Keep
  /** Between two checks of the counts of shadow variables, in seconds. */
  shadowCheckS: number
  /** File to which raw records are also written. */
  record?: string
  /** File for the log; default: standard output. */
  log?: string
  onReady?: (url: string) => void
}

/** At nice 10 a transition takes 5 % longer with us on a single CPU, at 0 it is 9 %; at 19 under 2 % (npm run bench). */
const lowestPriority = 19

/** Runs until a signal ends it. @throws UserError when it cannot start */
export const runDaemon = async (options: DaemonOptions): Promise<void> => {
  // Its record, log, scripts and recordings hold command lines: they are for root alone.
  process.umask(0o077)
  const logFile = pino.destination({ sync: true, ...(options.log ? { dest: options.log, mkdir: true } : {}) })
  // A disk that is full or a terminal that was closed does not end observation.
  logFile.on('error', () => undefined)
  const log = pino({ level: 'info' }, logFile)
  giveWay(lowestPriority)
  const runDirectory = createRunDirectory('/run/klpscope')
  process.on('exit', runDirectory.remove)
  const news = createRecordNews((body) => {
    if (body.what === 'resumed') log.info(body, 'the record is being written again')
    else log.error(body, 'the record is in trouble')
    take({ ...body, monoNs: monotonicNs() })
  })
  const store = await openStore(options.db, storeWorkerFile, { ...news, keep: options.keep })
  const { queries } = store
  const points = createRecentPoints(await recentSeries(queries).catch(() => []))
  const newest = (await queries.events({ limit: 200 }).catch(() => [])).reverse()
  const raw = options.record ? createWriteStream(options.record, { flags: 'a' }) : undefined

  const engine = createEngine(
    store.restored,
    [store.queue.record, points.add, (step) => stream.publish(step)],
    store.admits,
  )
  const samples = createSamples()
  const take = (record: RawRecord): void => {
    raw?.write(`${JSON.stringify(record)}\n`)
    engine.ingest(record)
  }
  let ready = false
  let stopping = false
  const server = createHttpServer({
    state: engine.state,
    queries,
    past: queries,
    record: () => ({ live: true, name: null, speed: null, malformed: 0, samples: [...samples.list] }),
    samples,
    recordFile: options.db,
    waiting: store.queue.status,
    isReady: () => ready,
    webDir,
    log,
  })
  const stream = createStream(server, engine.state, points.series, newest)
  const closeStore = async () => {
    const unwritten = await store.close()
    if (unwritten > 0) log.error({ unwritten }, 'events could not be written')
  }
  await listen(server, options.listen).catch(async (error: unknown) => {
    stream.close()
    await closeStore()
    raw?.end()
    throw error
  })
  log.info({ db: options.db, ...options.listen }, 'listening')

  const observer = startObserver(
    {
      bpftrace: findProgram('bpftrace'),
      bpfDir,
      runDir: runDirectory.path,
      version: packageVersion(),
      stalledAfterMs: options.stalledAfterMs,
      streamPerS: 200,
      shadowCheckS: options.shadowCheckS,
      callBudgetPerS: options.callBudgetPerS,
    },
    (record) => {
      take(record)
      // A run begins with its host; what is wrong with its record comes after.
      if (record.source === 'host') news.tellOpening(store)
    },
  )
  observer.ready.then(
    () => {
      if (stopping) return
      ready = true
      options.onReady?.(`http://${options.listen.host}:${options.listen.port}/`)
      log.info({ probeSets: engine.state().tracer.probeSets }, 'ready')
    },
    (error: unknown) => log.error({ err: error }, 'starting the observer failed'),
  )

  process.on('SIGHUP', () => {
    if (options.log) logFile.reopen()
    log.info(options.log ? 'SIGHUP: the log file was opened anew' : 'SIGHUP does not stop the daemon')
  })
  const signal = await nextSignal()
  stopping = true
  log.info({ signal }, 'stopping')
  await observer.stop(signal)
  stream.close()
  server.close()
  samples.close()
  await closeStore()
  raw?.end()
}

/** What a page draws first, of before this start. */
const recentSeries = async (queries: Store['queries']): Promise<Series[]> => {
  const to = BigInt(Date.now()) * 1_000_000n
  const from = to - BigInt(recentMs) * 1_000_000n
  const names = await queries.seriesNames()
  return Promise.all(names.map((name) => queries.series(name, from, to, recentPoints)))
}

const nextSignal = (): Promise<string> =>
  new Promise((resolve) => {
    // Not once(): execa takes a signal without a listener for one that should end the process at once.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal))
  })
