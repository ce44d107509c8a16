import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { startLiveServer } from '../support/live-server.ts'

const opened = (port: number): Promise<WebSocket> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`)
    socket.on('open', () => resolve(socket))
    socket.on('error', reject)
  })
const closeOf = (socket: WebSocket): Promise<[number, string]> =>
  new Promise((resolve) => socket.on('close', (code, reason) => resolve([code, String(reason)])))

it('a burst of 3,000 resumes gets a reason and the door, and holds up nobody', async () => {
  const { port, url } = await startLiveServer()
  const socket = await opened(port)
  const closed = closeOf(socket)
  let bytes = 0
  socket.on('message', (data) => {
    bytes += String(data).length
  })
  for (let count = 0; count < 3_000; count++) socket.send('{"resume": 123456789}')
  const began = performance.now()
  expect((await fetch(`${url}readyz`)).status).toBe(200)
  expect(performance.now() - began).toBeLessThan(1_000)
  expect(await closed).toEqual([1008, expect.stringMatching(/too many messages/)])
  expect(bytes).toBeLessThan(100_000)
})

it('of the snapshot that many ask for in one round there is one', async () => {
  const { port, snapshots: made } = await startLiveServer()
  const sockets = await Promise.all(Array.from({ length: 10 }, () => opened(port)))
  const snapshots = await Promise.all(
    sockets.map(
      (socket) =>
        new Promise<string>((resolve) => {
          socket.once('message', (data) => resolve(String(data)))
          socket.send('{"resume": null}')
        }),
    ),
  )
  // They may have asked in two rounds.
  expect(made()).toBeLessThanOrEqual(2)
  expect(snapshots.every((text) => text === snapshots[0])).toBe(true)
  for (const socket of sockets) socket.terminate()
})

it.each([
  ['what is no JSON', 'hello', 1008],
  ['a resume of nothing we number', '{"resume": -1}', 1008],
  ['a long message', `{"resume": ${'1'.repeat(5_000)}}`, 1009],
])('%s ends the connection', async (_, text, code) => {
  const { port } = await startLiveServer()
  const socket = await opened(port)
  const closed = closeOf(socket)
  socket.send(text)
  expect((await closed)[0]).toBe(code)
})

it('from one address only so many may follow; the next is refused with a sentence', async () => {
  const { port } = await startLiveServer()
  const sockets = await Promise.all(Array.from({ length: 64 }, () => opened(port)))
  const refused = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`)
  const [status, body] = await new Promise<[number | undefined, string]>((resolve) => {
    refused.on('error', () => undefined)
    refused.on('unexpected-response', (_request, response) => {
      let text = ''
      response.on('data', (data) => {
        text += data
      })
      response.on('end', () => resolve([response.statusCode, text]))
    })
  })
  expect(status).toBe(429)
  expect(JSON.parse(body)).toMatchObject({
    error: expect.stringMatching(/pages/),
    remedy: expect.any(String),
  })
  for (const socket of sockets) socket.terminate()
})

it.each([
  ['the page of another site', { Origin: 'http://evil.example' }, 403],
  ['a name pointed at us', { Host: 'evil.example' }, 421],
])('%s cannot open it', async (_, headers, status) => {
  const { port } = await startLiveServer()
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/stream`, { headers })
  const refused = await new Promise((resolve) => {
    socket.on('error', () => undefined)
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
  })
  expect(refused).toBe(status)
})
