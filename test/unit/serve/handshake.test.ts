import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { ServerMessage } from '../../../daemon/contract/message.ts'
import { view } from '../../../daemon/core/view.ts'
import { type LiveServer, startLiveServer } from '../support/live-server.ts'

/** A client that believes what it gets, and remembers what it had when it connects again. */
const aClient = (server: LiveServer, hello: 'resume' | 'nothing') => {
  let state: Record<string, unknown> | null = null
  let events: number[] = []
  let socket: WebSocket | null = null
  const faults: string[] = []
  const take = (message: ServerMessage, isFirst: boolean): void => {
    if (message.type === 'snapshot') {
      if (!isFirst) faults.push('a snapshot in the middle')
      state = { ...message.state }
      events = message.events.map(({ seq }) => seq)
      return
    }
    if (state === null) return void faults.push('changes before any snapshot')
    if (isFirst && hello === 'nothing') faults.push('changes before the greeting')
    const had = state.seq as number
    state = { ...state, ...message.state }
    for (const { seq } of message.events) {
      if (seq <= had && message.seq > had) faults.push(`event ${seq} twice`)
      if (seq > had && seq !== (events.at(-1) ?? seq - 1) + 1)
        faults.push(`event ${seq} after ${events.at(-1)}`)
      events.push(seq)
    }
  }
  return {
    faults,
    state: () => state,
    events: () => events,
    isOpen: () => socket !== null,
    connect: () => {
      const opened = new WebSocket(`ws://127.0.0.1:${server.port}/api/v1/stream`)
      let count = 0
      socket = opened
      opened.on('open', () => {
        if (hello === 'resume') opened.send(JSON.stringify({ resume: (state?.seq as number) ?? null }))
      })
      opened.on('message', (data) => take(JSON.parse(String(data)) as ServerMessage, count++ === 0))
      opened.on('error', () => undefined)
    },
    disconnect: () => {
      socket?.removeAllListeners('message')
      socket?.terminate()
      socket = null
    },
  }
}

type Action = { client: number; waitMs: number; events: number }
const actions = fc.array(
  fc.record({
    client: fc.nat(3),
    waitMs: fc.constantFrom(0, 5, 40, 110, 260),
    events: fc.nat(3),
  }),
  { minLength: 8, maxLength: 16 },
)

it('whenever clients connect, resume and leave, each has the state of the server and every event, in order, once', async () => {
  await fc.assert(
    fc.asyncProperty(actions, async (list: Action[]) => {
      const server = await startLiveServer()
      const clients = Array.from({ length: 4 }, (_, index) =>
        aClient(server, index === 0 ? 'nothing' : 'resume'),
      )
      for (const { client, waitMs, events } of list) {
        for (let count = 0; count < events; count++)
          server.tell({ kind: 'tracer-stopped', reason: `${server.state().seq}` })
        await sleep(waitMs)
        const one = clients[client]!
        if (one.isOpen()) one.disconnect()
        else one.connect()
      }
      server.tell({ kind: 'tracer-stopped', reason: 'end' })
      const wanted = JSON.parse(JSON.stringify(view(server.state())))
      for (const client of clients.filter((one) => one.isOpen())) {
        await expect.poll(() => client.state()?.seq, { timeout: 5_000 }).toBe(server.state().seq)
        expect(client.state()).toEqual(wanted)
        expect(client.faults).toEqual([])
        expect(client.events().at(-1)).toBe(server.state().seq)
      }
      for (const client of clients) client.disconnect()
    }),
    { numRuns: 8 },
  )
}, 60_000)

const messagesOf = async (server: LiveServer, say: (socket: WebSocket) => void) => {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/api/v1/stream`)
  const messages: ServerMessage[] = []
  socket.on('message', (data) => messages.push(JSON.parse(String(data)) as ServerMessage))
  socket.on('error', () => undefined)
  socket.on('open', () => say(socket))
  return { socket, messages }
}

it('who resumes from the newest event is answered with nothing missed, at once', async () => {
  const server = await startLiveServer()
  server.tell({ kind: 'tracer-stopped', reason: 'x' })
  await sleep(150)
  const { messages } = await messagesOf(server, (socket) => socket.send('{"resume": 1}'))
  await expect.poll(() => messages[0]).toMatchObject({ type: 'changes', seq: 1, events: [] })
})

it('who resumes from an event that never was gets a snapshot', async () => {
  const server = await startLiveServer()
  const { messages } = await messagesOf(server, (socket) => socket.send('{"resume": 99999}'))
  await expect.poll(() => messages[0]).toMatchObject({ type: 'snapshot', protocolVersion: 1, seq: 0 })
})
