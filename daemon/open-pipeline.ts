import { type Account, createAccount } from './account/account.ts'
import { openAccountFile } from './account/account-file.ts'
import { createLossTeller } from './account/loss-teller.ts'
import { createEngine, type Engine, type Step } from './engine.ts'
import type { RawBody, RawRecord } from './probes/raw-record.ts'
import { createRecordNews } from './store/record-news.ts'
import { openStore, type Store, type StoreOptions } from './store/store.ts'

export type PipelineOptions = Omit<StoreOptions, 'account' | 'onFailing' | 'onRecovered' | 'onRenewed'> & {
  /** The record. */
  file: string
  /** The bundled store-worker.ts. */
  workerFile: string
  /** Where what is open in the account outlives the process; null: nowhere. */
  accountFile: string | null
  /** CLOCK_MONOTONIC in ns. */
  monotonicNs: () => string
  /** Sees every raw record before it is decoded. */
  onRecord?: (record: RawRecord) => void
  /** The record is in trouble, or out of it. */
  onNews?: (news: RawBody & { source: 'record' }) => void
}

/** All that lies between the sources and who looks on: decoding, folding, recording, and the account of it. */
export type Pipeline = {
  engine: Engine
  store: Store
  account: Account
  /** Looks on from now on. */
  addSink: (sink: (step: Step) => void) => void
  take: (record: RawRecord) => void
  /**
   * Nothing is taken any more: records what waits, and counts in the record what it has no time for.
   * @param until when it has ended at the latest, on performance.now's clock
   * @returns how many events the record does not account for; the next start will
   */
  end: (reason: string, until: number) => Promise<number>
}

/** Of the time to end in: to close the record, with what is told last. */
const closeMs = 300

/** @throws UserError when the record is the wrong file */
export const openPipeline = async (options: PipelineOptions): Promise<Pipeline> => {
  const { file, workerFile, accountFile, monotonicNs, onRecord, onNews, ...storeOptions } = options
  const kept = openAccountFile(accountFile)
  const account = createAccount(kept)
  const tell = (body: RawBody): void => take({ ...body, monoNs: monotonicNs() })
  const news = createRecordNews((body) => {
    onNews?.(body)
    tell(body)
    teller.tellNow()
  })
  const store = await openStore(file, workerFile, { ...storeOptions, ...news, account })
  const killed = await killedBefore(store, kept.earlier)
  if (killed === null) kept.beginAside(store.restored.seq)
  else kept.begin(store.restored.seq)
  account.lost('killed', killed ?? 0)
  account.save()

  const sinks: ((step: Step) => void)[] = [store.queue.record]
  const engine = createEngine(store.restored, sinks, store.admits)
  const take = (record: RawRecord): void => {
    onRecord?.(record)
    engine.ingest(record)
    account.save()
    // A run begins with its host; what is wrong with its record comes after, and what the one before has lost.
    if (record.source !== 'host') return
    news.tellOpening(store)
    teller.tellNow()
  }
  const canTell = () => !store.queue.status().losing
  const teller = createLossTeller(account, canTell, (place, count) =>
    tell({ source: 'record', what: 'lost', place, count }),
  )
  return {
    engine,
    store,
    account,
    addSink: (sink) => sinks.push(sink),
    take,
    end: async (reason, until) => {
      await store.queue.drain(until - closeMs)
      teller.close()
      teller.tellNow()
      tell({ source: 'tracer', what: 'stopped', reason })
      await store.close(until)
      kept.close()
      return account.open()
    },
  }
}

/** How many events died with earlier runs; null: the record cannot be asked now. */
const killedBefore = async (
  store: Store,
  runs: readonly { after: number; upTo: number | null; open: number }[],
): Promise<number | null> => {
  if (store.opening.failure) return null
  let killed = 0
  for (const { after, upTo, open } of runs)
    killed += Math.max(0, open - (await store.accountFor(after, upTo)))
  return killed
}
