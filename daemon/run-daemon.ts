import { pino } from 'pino'
import { accountPath } from './account/account-path.ts'
import type { AccountStatus } from './contract/account.ts'
import type { Series } from './contract/state.ts'
import { isUserProbeSource } from './contract/user-probe.ts'
import { openLog } from './open-log.ts'
import { openPipeline } from './open-pipeline.ts'
import { bpfDir, packageVersion, storeWorkerFile, webDir } from './package-paths.ts'
import { createSamples } from './replay/samples.ts'
import { type Listening, listen } from './serve/listening.ts'
import { createRecentPoints, recentMs, recentPoints } from './serve/recent-points.ts'
import { createHttpServer } from './serve/server.ts'
import { createStream } from './serve/stream.ts'
import { monotonicNs } from './sources/clock.ts'
import { startObserver } from './sources/observer.ts'
import { giveWay, lowestPriority } from './sources/priority.ts'
import { createRawRecording } from './sources/raw-recording.ts'
import { makeRunDirectory, runRoot } from './sources/run-directory.ts'
import type { UserProbe } from './sources/user-probes.ts'
import type { Keep } from './store/keep.ts'
import type { Store } from './store/store.ts'
import { timeUntil } from './time-until.ts'

export type DaemonOptions = {
  db: string
  listen: Listening
  stalledAfterMs: number
  keep: Keep
  /** Where a tracer is started for whoever connects. */
  tracerSocket: string
  /** Users' own bpftrace scripts. */
  userProbes: readonly UserProbe[]
  /** File to which raw records are also written. */
  record?: string
  /** File for the log; default: standard output. */
  log?: string
  onReady?: (url: string) => void
}

/** After a signal, whatever waits: time for what was seen to be passed on, and for the record to be closed. */
const observerMs = 500
const stopMs = 1_700
const settleMs = 200

/** Runs until a signal ends it. @throws UserError when it cannot start */
export const runDaemon = async (options: DaemonOptions): Promise<void> => {
  // Its record, log and recordings hold command lines: they are for its user alone.
  process.umask(0o077)
  const logFile = pino.destination({ sync: true, ...(options.log ? { dest: options.log, mkdir: true } : {}) })
  // A disk that is full or a terminal that was closed does not end observation.
  logFile.on('error', () => undefined)
  const log = openLog('info', logFile)
  // From the first moment on: a daemon that is ended while it starts has to close its record too.
  const signalled = nextSignal()
  process.on('SIGHUP', () => {
    if (options.log) logFile.reopen()
    log.info(options.log ? 'SIGHUP: the log file was opened anew' : 'SIGHUP does not stop the daemon')
  })
  giveWay(lowestPriority)
  makeRunDirectory(runRoot)
  const raw =
    options.record === undefined
      ? undefined
      : createRawRecording(options.record, (what) =>
          'error' in what
            ? log.error(what, 'the raw recording cannot be written; the daemon goes on')
            : log.warn(what, 'the raw recording is tried again; it has a gap'),
        )
  const pipeline = await openPipeline({
    file: options.db,
    workerFile: storeWorkerFile,
    accountFile: accountPath(runRoot, options.db),
    keep: options.keep,
    monotonicNs,
    onRecord: (record) => raw?.write(record),
    onNews: (news) => {
      if (news.what === 'resumed') log.info(news, 'the record is being written again')
      else log.error(news, 'the record is in trouble')
    },
  })
  const { account, engine, store } = pipeline
  const { queries } = store
  const points = createRecentPoints(await recentSeries(queries).catch(() => []))
  const newest = (await queries.events({ limit: 200 }).catch(() => [])).reverse()
  pipeline.addSink(points.add)
  const samples = createSamples()
  let ready = false
  let stopping = false
  const stream = createStream(engine.state, points.series, newest)
  pipeline.addSink((step) => stream.publish(step))
  pipeline.addSink(({ event }) => {
    if (event.kind === 'tracer-gap' && isUserProbeSource(event.source))
      log.warn({ reason: event.reason }, `${event.source} was not seen`)
  })
  const server = createHttpServer({
    state: engine.state,
    queries,
    past: queries,
    record: () => ({ live: true, name: null, speed: null, malformed: 0, samples: [...samples.list] }),
    samples,
    recordFile: options.db,
    waiting: store.queue.status,
    account: () => settled(store, account.status),
    isReady: () => ready,
    webDir,
    log,
    stream,
    access: options.listen,
  })
  const url = await listen(server, options.listen).catch(async (error: unknown) => {
    stream.close()
    await store.close()
    raw?.end()
    throw error
  })
  log.info({ db: options.db, url }, 'listening')

  const observer = startObserver(
    {
      tracerSocket: options.tracerSocket,
      bpfDir,
      version: packageVersion(),
      stalledAfterMs: options.stalledAfterMs,
      onFrame: (frame) => raw?.frame(frame),
      account,
      userProbes: options.userProbes,
    },
    pipeline.take,
  )
  observer.ready.then(
    () => {
      if (stopping) return
      ready = true
      options.onReady?.(url)
      log.info({ probeSets: engine.state().tracer.probeSets }, 'ready')
    },
    (error: unknown) => log.error({ err: error }, 'starting the observer failed'),
  )

  const signal = await signalled
  stopping = true
  log.info({ signal }, 'stopping')
  const begun = performance.now()
  await observer.stop(begun + observerMs)
  stream.close()
  server.close()
  samples.close()
  const open = await pipeline.end(signal, begun + stopMs)
  if (open > 0)
    log.error({ events: open }, 'events could not be recorded; the next start counts them as lost')
  if (raw) await Promise.race([new Promise<void>((done) => raw.end(done)), timeUntil(begun + stopMs)])
  log.info({ account: account.status() }, 'stopped')
}

/** What is recorded is counted as such: waits a moment for what is on its way. */
const settled = async (store: Store, status: () => AccountStatus): Promise<AccountStatus> => {
  await Promise.race([store.queue.flush(), timeUntil(performance.now() + settleMs)])
  return status()
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
