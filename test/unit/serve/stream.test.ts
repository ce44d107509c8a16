import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ServerMessage } from '../../../daemon/contract/message.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import { createStream } from '../../../daemon/serve/stream.ts'
import {
  aTask,
  type Happening,
  sleeperBlocked,
  started,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'

type Changes = Extract<ServerMessage, { type: 'changes' }>

let closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

/** A stream over a real socket, and what a page gets of it. */
const aStream = async () => {
  let state: CoreState = initialState
  const server = createServer()
  const stream = createStream(
    () => state,
    () => [],
    [],
  )
  server.on('upgrade', stream.upgrade)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/stream`)
  closing = [() => socket.terminate(), () => stream.close(), () => server.close()]
  const messages: ServerMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as ServerMessage))
  const tell = (happening: Happening): void => {
    const event = numberEvent(state, { ...happening, monoNs: String(state.seq * 1_000_000) } as never)
    const [next, effects] = reduce(state, event)
    state = next
    stream.publish({ event, state, effects })
  }
  const changes = () => messages.filter((message): message is Changes => message.type === 'changes')
  await expect.poll(() => messages[0]?.type).toBe('snapshot')
  return { tell, changes, events: () => changes().flatMap((message) => message.events) }
}

it('sends of a long snapshot of tasks the first ones, and how many more there are', async () => {
  const { tell, changes, events } = await aStream()
  const tasks = Array.from({ length: 5_000 }, (_, index) => aTask(index + 1, 0))
  tell({ ...tasksObserved(tasks), gone: [1, 2, 3] })
  await expect.poll(() => events().length).toBe(1)
  expect(events()[0]).toMatchObject({
    kind: 'tasks-observed',
    total: 5_000,
    changed: tasks.slice(0, 20),
    gone: [1, 2, 3],
    omitted: { changed: 4_980, gone: 0 },
  })
  expect(changes()[0]?.state.tasks?.total).toBe(5_000)
})

it('sends a short one whole', async () => {
  const { tell, events } = await aStream()
  tell(tasksObserved([aTask(1, 0), aTask(2, 0)]))
  await expect.poll(() => events().length).toBe(1)
  expect(events()[0]).not.toHaveProperty('omitted')
})

it('sends the list of a crowd of blocked tasks every two seconds, of a few at once, and of none at once; how many they are always', async () => {
  const { tell, changes } = await aStream()
  const lists = () =>
    changes().flatMap(({ state }) => (state.blocked === undefined ? [] : [state.blocked.length]))
  const block = (tid: number) => tell({ ...sleeperBlocked, tid, pid: tid })
  tell(started())
  tell(transitionStarted())
  for (let tid = 1; tid <= 60; tid++) block(tid)
  await expect.poll(() => lists()).toEqual([60])
  const sentAt = Date.now()
  block(61)
  await expect.poll(() => changes().flatMap(({ events }) => events).length).toBe(63)
  expect(lists()).toEqual([60])
  expect(changes().at(-1)?.state.blockedTotal).toBe(61)
  await expect.poll(() => lists(), { timeout: 5_000 }).toEqual([60, 61])
  expect(Date.now() - sentAt).toBeGreaterThan(1_500)
  block(62)
  tell({ kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' })
  await expect.poll(() => lists()).toEqual([60, 61, 0])
}, 20_000)
