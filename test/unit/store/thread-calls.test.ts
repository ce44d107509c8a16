import { MessageChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { answerCalls, callOver, remoteMethods } from '../../../daemon/store/thread-calls.ts'
import { UserError } from '../../../daemon/user-error.ts'

const methods = {
  add: (a: number, b: bigint) => BigInt(a) + b,
  later: (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms)),
  refuse: () => {
    throw new UserError('It is locked.', 'Open it.', 3)
  },
  fail: () => {
    throw Object.assign(new Error('disk'), { code: 'SQLITE_FULL' })
  },
  failLater: () => Promise.reject(new Error('later')),
}

const opened: { close: () => void }[] = []
afterEach(() => {
  for (const port of opened.splice(0)) port.close()
})
const connect = () => {
  const { port1, port2 } = new MessageChannel()
  opened.push(port1)
  answerCalls(port1, methods)
  return callOver<typeof methods>(port2)
}

describe('a call over a port', () => {
  it('brings its arguments there and its result back', async () => {
    expect(await connect()('add', 1, 2n ** 62n)).toBe(2n ** 62n + 1n)
  })

  it('does not mix up answers that come in another order', async () => {
    const call = connect()
    expect(await Promise.all([call('later', 30), call('add', 1, 1n), call('later', 1)])).toEqual([30, 2n, 1])
  })

  it('rejects with what the method threw: a sentence with its remedy, or an error with its code', async () => {
    const call = connect()
    await expect(call('refuse')).rejects.toMatchObject({
      name: 'UserError',
      message: 'It is locked.',
      remedy: 'Open it.',
      exitCode: 3,
    })
    await expect(call('fail')).rejects.toMatchObject({ message: 'disk', code: 'SQLITE_FULL' })
    await expect(call('failLater')).rejects.toThrow('later')
    expect(await call('add', 1, 1n), 'and the next call is answered').toBe(2n)
  })

  it('looks like the method itself', async () => {
    const { add } = remoteMethods<typeof methods>(['add'], connect())
    expect(await add(2, 3n)).toBe(5n)
  })
})
