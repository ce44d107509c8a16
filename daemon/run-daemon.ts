import { createWriteStream } from 'node:fs'
import { pino } from 'pino'
import { createEngine } from './engine.ts'
import { bpfDir, packageVersion, webDir } from './package-paths.ts'
import { createHttpServer, type ListenAddress, listen } from './serve/server.ts'
import { createStream } from './serve/stream.ts'
import { findProgram } from './sources/find-program.ts'
import { startObserver } from './sources/observer.ts'
import { openDatabase } from './store/open-database.ts'
import { createPast } from './store/past.ts'
import { createQueries } from './store/queries.ts'
import { createRecorder } from './store/recorder.ts'
import { restoreState } from './store/restore-state.ts'
import { lockForWriting } from './store/writer-lock.ts'

export type DaemonOptions = {
  db: string
  listen: ListenAddress
  stalledAfterMs: number
  /** Calls per second of one patched function above which its calls are not counted any more. */
  callBudgetPerS: number
  /** File to which raw records are also written. */
  record?: string
  /** File for the log; default: standard output. */
  log?: string
  onReady?: (url: string) => void
}

const recentMs = 15 * 60_000
const chartPoints = 900

/** Runs until a signal ends it. @throws UserError when it cannot start */
export const runDaemon = async (options: DaemonOptions): Promise<void> => {
  const log = pino(
    { level: 'info' },
    pino.destination({ sync: true, ...(options.log ? { dest: options.log, mkdir: true } : {}) }),
  )
  const database = openDatabase(options.db)
  const lock = lockForWriting(options.db)
  const queries = createQueries(database)
  const recorder = createRecorder(database, (error) => log.error({ err: error }, 'writing the record failed'))
  const raw = options.record ? createWriteStream(options.record, { flags: 'a' }) : undefined

  const engine = createEngine(restoreState(database), [recorder.record, (step) => stream.publish(step)])
  let ready = false
  const server = createHttpServer({
    state: engine.state,
    queries,
    past: createPast(database),
    record: () => ({ live: true, name: null, speed: null, malformed: 0, samples: [] }),
    isReady: () => ready,
    webDir,
    log,
  })
  const recentSeries = () => {
    const to = BigInt(Date.now()) * 1_000_000n
    return queries
      .seriesNames()
      .map((name) => queries.series(name, to - BigInt(recentMs) * 1_000_000n, to, chartPoints))
  }
  const stream = createStream(server, engine.state, recentSeries, queries.events({ limit: 200 }).reverse())
  await listen(server, options.listen).catch((error: unknown) => {
    stream.close()
    recorder.close()
    lock.close()
    raw?.end()
    throw error
  })
  log.info({ db: options.db, ...options.listen }, 'listening')

  const observer = startObserver(
    {
      bpftrace: findProgram('bpftrace'),
      bpfDir,
      runDir: '/run/klpscope',
      version: packageVersion(),
      stalledAfterMs: options.stalledAfterMs,
      streamPerS: 200,
      callBudgetPerS: options.callBudgetPerS,
    },
    (record) => {
      raw?.write(`${JSON.stringify(record)}\n`)
      engine.ingest(record)
    },
  )
  observer.ready.then(
    () => {
      ready = true
      options.onReady?.(`http://${options.listen.host}:${options.listen.port}/`)
      log.info({ probeSets: engine.state().tracer.probeSets }, 'ready')
    },
    (error: unknown) => log.error({ err: error }, 'starting the observer failed'),
  )

  const signal = await nextSignal()
  log.info({ signal }, 'stopping')
  await observer.stop(signal)
  stream.close()
  server.close()
  recorder.close()
  lock.close()
  raw?.end()
}

const nextSignal = (): Promise<string> =>
  new Promise((resolve) => {
    // Not once(): execa takes a signal without a listener for one that should end the process at once.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
  })
