import { parentPort, workerData } from 'node:worker_threads'
import { createReader, type Reader } from './reader.ts'
import { createRecordFile } from './record-file.ts'
import { answerCalls } from './thread-calls.ts'

/** The thread that writes the record, or the one that reads from it; each does one thing after the other. */
export type WorkerRole = { role: 'write' | 'read'; file: string }

/** What the reading thread is asked for; `reopen`: there is another file now. */
export type WorkerReader = Reader & { reopen: () => void }

const { role, file } = workerData as WorkerRole
if (parentPort) answerCalls(parentPort, role === 'write' ? createRecordFile(file) : createReader(file))
