import type { Server } from 'node:http'
import { WebSocketServer } from 'ws'
import type { Event } from '../contract/event.ts'
import { clientMessageSchema, protocolVersion, type ServerMessage } from '../contract/message.ts'
import type { Series } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { changedView, view } from '../core/view.ts'
import type { Step } from '../engine.ts'

/** Changes are gathered and sent together, and something is sent this often so that silence means trouble. */
const sendEveryMs = 100
const heartbeatMs = 2_000
const eventsKept = 200
const messagesKept = 600
/** A client this far behind is cut off; it reconnects and gets a fresh snapshot. */
const backlogBytes = 8_000_000

type Changes = Extract<ServerMessage, { type: 'changes' }>

export type Stream = { publish: (step: Step) => void; close: () => void }

/**
 * The live stream on /api/v1/stream: a snapshot, then changes.
 * @param recentSeries the series to draw from the start
 */
export const createStream = (
  server: Server,
  state: () => CoreState,
  recentSeries: () => Series[],
  recentEvents: Event[],
): Stream => {
  const sockets = new WebSocketServer({ server, path: '/api/v1/stream', maxPayload: 4096 })
  // The HTTP server's errors come by here too; whoever made it listen tells of them.
  sockets.on('error', () => undefined)
  const newest: Event[] = [...recentEvents]
  const sentChanges: Changes[] = []
  let events: Event[] = []
  let points: Changes['points'] = []
  let shown = state()
  let sentAt = Date.now()

  const snapshot = (): ServerMessage => ({
    type: 'snapshot',
    protocolVersion,
    seq: shown.seq,
    state: view(shown),
    events: newest,
    series: recentSeries(),
  })

  const send = (): void => {
    const now = state()
    if (now.seq === shown.seq && Date.now() - sentAt < heartbeatMs) return
    const changes: Changes = { type: 'changes', seq: now.seq, state: changedView(shown, now), events, points }
    shown = now
    sentAt = Date.now()
    sentChanges.push(changes)
    if (sentChanges.length > messagesKept) sentChanges.shift()
    events = []
    points = []
    const text = JSON.stringify(changes)
    for (const socket of sockets.clients) {
      if (socket.bufferedAmount > backlogBytes) socket.terminate()
      else socket.send(text)
    }
  }
  const timer = setInterval(send, sendEveryMs)

  sockets.on('connection', (socket) => {
    // What waits to be sent is in the snapshot already; flush it first so that nobody gets it twice.
    send()
    let greeted = false
    const greet = (message: ServerMessage[]) => {
      greeted = true
      for (const each of message) socket.send(JSON.stringify(each))
    }
    const first = setTimeout(() => greet([snapshot()]), 30)
    socket.on('error', () => socket.terminate())
    socket.on('close', () => clearTimeout(first))
    socket.on('message', (data) => {
      const message = clientMessageSchema.safeParse(parseJson(String(data)))
      if (!message.success) return socket.close(1008, 'expected {"resume": seq}')
      clearTimeout(first)
      const missed = changesSince(sentChanges, message.data.resume)
      if (!greeted || missed === null) greet(missed ?? [snapshot()])
    })
  })

  return {
    publish: ({ event, effects }) => {
      events.push(event)
      newest.push(event)
      if (newest.length > eventsKept) newest.shift()
      for (const effect of effects) {
        if (effect.kind === 'point')
          points.push({ name: effect.name, time: Date.parse(effect.time), value: effect.value })
      }
    },
    close: () => {
      clearInterval(timer)
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
    },
  }
}

/** Null when the part after `seq` is not kept any more. */
const changesSince = (sent: Changes[], seq: number): Changes[] | null => {
  const start = sent.findIndex((changes) => changes.seq > seq)
  const known = sent.some((changes) => changes.seq === seq)
  if (!known) return null
  return start === -1 ? [] : sent.slice(start)
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
