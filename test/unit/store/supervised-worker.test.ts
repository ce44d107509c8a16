import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { superviseWorker, workerOnDemand } from '../../../daemon/store/supervised-worker.ts'

type Methods = { thread: () => number; fail: () => never }

/** Answers with the number of its thread. */
const program = `
const { parentPort, threadId } = require('node:worker_threads')
parentPort.on('message', ({ id, method }) =>
  parentPort.postMessage(method === 'fail' ? { id, error: { message: 'no', fields: {} } } : { id, value: threadId }))`

describe('a thread on demand', () => {
  let running = 0
  let started = 0
  const start = () =>
    superviseWorker<Methods>(
      () => {
        running++
        started++
        return new Worker(program, { eval: true }).once('exit', () => running--)
      },
      async () => undefined,
    )
  let worker: ReturnType<typeof workerOnDemand<Methods>>
  const onDemand = (idleMs: number) => {
    running = 0
    started = 0
    worker = workerOnDemand(start, idleMs)
  }
  afterEach(() => worker.end())
  const gone = () => expect.poll(() => running, { timeout: 5_000 }).toBe(0)

  it('is started by the first question, answers the next ones, and ends when nobody asks', async () => {
    onDemand(300)
    expect(running).toBe(0)
    const [first, second] = await Promise.all([worker.call('thread'), worker.call('thread')])
    expect(await worker.call('thread')).toBe(first)
    expect(second).toBe(first)
    expect(running).toBe(1)
    await gone()
    expect(await worker.call('thread')).not.toBe(first)
  })

  it('ends also after a question that failed', async () => {
    onDemand(50)
    await expect(worker.call('fail')).rejects.toThrow('no')
    await gone()
  })

  it('answers nothing once it is ended', async () => {
    onDemand(50)
    await worker.call('thread')
    await worker.end()
    await expect(worker.call('thread')).rejects.toThrow('the record is closed')
    expect(started).toBe(1)
    await gone()
  })
})
