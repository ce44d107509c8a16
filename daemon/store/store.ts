import { Worker } from 'node:worker_threads'
import { type Account, createAccount } from '../account/account.ts'
import type { EventKind } from '../contract/event.ts'
import type { CoreState } from '../core/core-state.ts'
import { timeUntil } from '../time-until.ts'
import { admits } from './admission.ts'
import type { Keep } from './keep.ts'
import { type Reader, readerNames } from './reader.ts'
import type { Opening, RecordFile, Renewal } from './record-file.ts'
import { createRecordQueue, type RecordQueue, type RecordQueueOptions } from './record-queue.ts'
import { deserializeState } from './serialize-state.ts'
import type { WorkerReader, WorkerRole } from './store-worker.ts'
import { superviseWorker, workerOnDemand } from './supervised-worker.ts'
import { type Remote, remoteMethods } from './thread-calls.ts'

export type StoreOptions = Omit<RecordQueueOptions, 'failure' | 'account'> & {
  account?: Account
  /** The record was damaged or gone: another one was begun. */
  onRenewed: (renewal: Renewal) => void
  keep: Keep
}

export type Store = {
  /** What the record so far folds to. */
  restored: CoreState
  /** What is to be told of its opening. */
  opening: Pick<Opening, 'failure' | 'renewal'>
  queue: RecordQueue
  account: Account
  /** To be asked before an event of this kind is numbered; one that is not admitted is counted as lost. */
  admits: (kind: EventKind) => boolean
  /** How many events numbered after `after`, up to `upTo`, the record has or counts as lost. */
  accountFor: (after: number, upTo: number | null) => Promise<number>
  /** What they find includes all that was recorded before the question. */
  queries: Remote<Reader>
  /** Writes what waits, until then at the latest (on performance.now's clock). @returns how many events could not be */
  close: (until?: number) => Promise<number>
}

/** Five times what the state of 100,000 tasks takes; a thread that needs more is ended, and the host is spared. */
const heapMb = 1_024
/** A thread takes 12 MB, and 0.1 s to start. */
const readerIdleMs = 30_000

/**
 * Opens a record and starts the threads that write it and read from it.
 * @param workerFile the bundled store-worker.ts
 * @throws UserError when the file is the wrong one
 */
export const openStore = async (file: string, workerFile: string, options: StoreOptions): Promise<Store> => {
  const start = (role: WorkerRole) =>
    new Worker(workerFile, { workerData: role, resourceLimits: { maxOldGenerationSizeMb: heapMb } })
  const writer = superviseWorker<RecordFile>(
    () => start({ role: 'write', file, keep: options.keep }),
    async (call) => {
      const { failure, renewal } = await call('open')
      // Only from the record it knows what the events that wait follow on.
      if (failure) throw new Error(failure.message)
      tell(renewal)
    },
  )
  const write = writer.call
  const opening = await write('open').catch(async (error: unknown) => {
    await writer.end()
    throw error
  })
  const reader = workerOnDemand(
    () =>
      superviseWorker<WorkerReader>(
        () => start({ role: 'read', file }),
        async () => undefined,
      ),
    readerIdleMs,
  )
  const ask = reader.call

  const tell = (renewal: Renewal | null): void => {
    if (!renewal) return
    ask('reopen').catch(() => undefined)
    options.onRenewed(renewal)
  }
  const account = options.account ?? createAccount()
  const queue = createRecordQueue(
    {
      write: (...args) => write('write', ...args).then(tell),
      keep: (...args) => write('keep', ...args).then(tell),
      adopt: (...args) => write('adopt', ...args).then(tell),
    },
    { ...options, account, failure: opening.failure && Object.assign(new Error(), opening.failure) },
  )
  /** Reading met damage: whether there is any is for the writer to find out. */
  const check = (error: Error & { trouble?: string }): never => {
    if (error.trouble === 'damaged') write('check').then(tell, () => undefined)
    throw error
  }
  return {
    restored: deserializeState(opening.state),
    opening,
    queue,
    account,
    admits: (kind) => {
      const admitted = admits(kind, queue.status())
      if (!admitted) account.lost('admission', 1)
      return admitted
    },
    accountFor: (after, upTo) => write('accountFor', after, upTo),
    queries: remoteMethods<Reader>(readerNames, (method, ...args) =>
      queue.flush().then(() => ask(method, ...args).catch(check)),
    ),
    close: async (until) => {
      const unwritten = await queue.close(until)
      const end = async (): Promise<void> => {
        // The last to close tidies up; a reader cannot.
        await reader.end()
        await write('close').catch(() => undefined)
        await writer.end()
      }
      await Promise.race([end(), timeUntil(until)])
      return unwritten
    },
  }
}
