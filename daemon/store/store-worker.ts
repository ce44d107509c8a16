import { parentPort, workerData } from 'node:worker_threads'
import type { Keep } from './keep.ts'
import { createReader, type Reader } from './reader.ts'
import { createRecordFile, type RecordFile } from './record-file.ts'
import { answerCalls } from './thread-calls.ts'

/** The thread that writes the record, or the one that reads from it; each does one thing after the other. */
export type WorkerRole = { role: 'write'; file: string; keep: Keep } | { role: 'read'; file: string }

/** What the reading thread is asked for; `reopen`: there is another file now. */
export type WorkerReader = Reader & { reopen: () => void }

const tidyEveryMs = 10_000
/** Between two pieces of tidying up, so that what waits to be written is not held up. */
const pauseMs = 10

const keepTidy = (record: RecordFile): void => {
  let more = false
  try {
    more = record.tidy()
  } catch {
    // Writing meets the same trouble, and tells of it.
  }
  setTimeout(keepTidy, more ? pauseMs : tidyEveryMs, record)
}

const role = workerData as WorkerRole
if (parentPort && role.role === 'read') answerCalls(parentPort, createReader(role.file))
if (parentPort && role.role === 'write') {
  const record = createRecordFile(role.file, role.keep)
  answerCalls(parentPort, record)
  keepTidy(record)
}
