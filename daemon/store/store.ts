import { Worker } from 'node:worker_threads'
import type { CoreState } from '../core/core-state.ts'
import { type Reader, readerNames } from './reader.ts'
import type { RecordFile } from './record-file.ts'
import { createRecordQueue, type RecordQueue, type RecordQueueOptions } from './record-queue.ts'
import { deserializeState } from './serialize-state.ts'
import type { WorkerRole } from './store-worker.ts'
import { type Caller, callOver, type Remote, remoteMethods } from './thread-calls.ts'

export type Store = {
  /** What the record so far folds to. */
  restored: CoreState
  queue: RecordQueue
  /** What they find includes all that was recorded before the question. */
  queries: Remote<Reader>
  /** @returns how many events could not be written */
  close: () => Promise<number>
}

/**
 * Opens a record and starts the threads that write it and read from it.
 * @param workerFile the bundled store-worker.ts
 * @throws UserError when the record cannot be used
 */
export const openStore = async (
  file: string,
  workerFile: string,
  options: RecordQueueOptions,
): Promise<Store> => {
  const start = (role: WorkerRole['role']) =>
    new Worker(workerFile, { workerData: { role, file } satisfies WorkerRole })
  const writer = start('write')
  const write: Caller<RecordFile> = callOver(writer)
  try {
    const restored = deserializeState(await write('open'))
    const queue = createRecordQueue(
      { write: (...args) => write('write', ...args), adopt: (...args) => write('adopt', ...args) },
      options,
    )
    const reader = start('read')
    const ask: Caller<Reader> = callOver(reader)
    return {
      restored,
      queue,
      queries: remoteMethods<Reader>(readerNames, (method, ...args) =>
        queue.flush().then(() => ask(method, ...args)),
      ),
      close: async () => {
        const unwritten = await queue.close()
        // The last to close tidies up; a reader cannot.
        await reader.terminate()
        await write('close')
        await writer.terminate()
        return unwritten
      },
    }
  } catch (error) {
    await writer.terminate()
    throw error
  }
}
