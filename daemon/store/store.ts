import { Worker } from 'node:worker_threads'
import type { CoreState } from '../core/core-state.ts'
import { type Admission, createAdmission } from './admission.ts'
import { type Reader, readerNames } from './reader.ts'
import type { Opening, RecordFile, Renewal } from './record-file.ts'
import { createRecordQueue, type RecordQueue, type RecordQueueOptions } from './record-queue.ts'
import type { Keep } from './retention.ts'
import { deserializeState } from './serialize-state.ts'
import type { WorkerReader, WorkerRole } from './store-worker.ts'
import { type Caller, callOver, type Remote, remoteMethods } from './thread-calls.ts'

export type StoreOptions = Omit<RecordQueueOptions, 'failure'> & {
  /** The record was damaged or gone: another one was begun. */
  onRenewed: (renewal: Renewal) => void
  /** So many events were let go because they came faster than they could be written. */
  onRefused: (count: number) => void
  keep: Keep
}

export type Store = {
  /** What the record so far folds to. */
  restored: CoreState
  /** What is to be told of its opening. */
  opening: Pick<Opening, 'failure' | 'renewal'>
  queue: RecordQueue
  /** To be asked before an event is numbered. */
  admits: Admission['admits']
  /** What they find includes all that was recorded before the question. */
  queries: Remote<Reader>
  /** @returns how many events could not be written */
  close: () => Promise<number>
}

/**
 * Opens a record and starts the threads that write it and read from it.
 * @param workerFile the bundled store-worker.ts
 * @throws UserError when the file is the wrong one
 */
export const openStore = async (file: string, workerFile: string, options: StoreOptions): Promise<Store> => {
  const start = (role: WorkerRole) => new Worker(workerFile, { workerData: role })
  const writer = start({ role: 'write', file, keep: options.keep })
  const write: Caller<RecordFile> = callOver(writer)
  const opening = await write('open').catch(async (error: unknown) => {
    await writer.terminate()
    throw error
  })
  const reader = start({ role: 'read', file })
  const ask: Caller<WorkerReader> = callOver(reader)

  const tell = (renewal: Renewal | null): void => {
    if (!renewal) return
    void ask('reopen')
    options.onRenewed(renewal)
  }
  const queue = createRecordQueue(
    {
      write: (...args) => write('write', ...args).then(tell),
      keep: (...args) => write('keep', ...args).then(tell),
      adopt: (...args) => write('adopt', ...args).then(tell),
    },
    { ...options, failure: opening.failure && Object.assign(new Error(), opening.failure) },
  )
  const admission = createAdmission(queue.status, options.onRefused)
  /** Reading met damage: whether there is any is for the writer to find out. */
  const check = (error: Error & { trouble?: string }): never => {
    if (error.trouble === 'damaged') write('check').then(tell, () => undefined)
    throw error
  }
  return {
    restored: deserializeState(opening.state),
    opening,
    queue,
    admits: admission.admits,
    queries: remoteMethods<Reader>(readerNames, (method, ...args) =>
      queue.flush().then(() => ask(method, ...args).catch(check)),
    ),
    close: async () => {
      admission.close()
      const unwritten = await queue.close()
      // The last to close tidies up; a reader cannot.
      await reader.terminate()
      await write('close').catch(() => undefined)
      await writer.terminate()
      return unwritten
    },
  }
}
