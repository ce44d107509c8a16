import type { Server } from 'node:http'
import { WebSocketServer } from 'ws'
import type { Event } from '../contract/event.ts'
import { clientMessageSchema, protocolVersion, type ServerMessage } from '../contract/message.ts'
import type { Series } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { changedView, shownBlocked, view } from '../core/view.ts'
import type { Step } from '../engine.ts'

/** Changes are gathered and sent together, and something is sent this often so that silence means trouble. */
const sendEveryMs = 100
const heartbeatMs = 2_000
const eventsKept = 200
const messagesKept = 600
/** A client this far behind is cut off; it reconnects and gets a fresh snapshot. No more is kept for resuming. */
const backlogBytes = 8_000_000
/** More blocked tasks than this are sent every two seconds only: the list is hundreds of kilobytes. */
const crowd = 50
const crowdEveryMs = 2_000

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
  const newest: Event[] = recentEvents.map(shorten)
  const sentChanges: { changes: Changes; bytes: number }[] = []
  let sentBytes = 0
  let blockedSentAt = 0
  let events: Event[] = []
  let points: Changes['points'] = []
  let shown = state()
  /** The one whose list of blocked tasks was sent last. */
  let listed = shown
  let sentAt = Date.now()

  const snapshot = (): ServerMessage => ({
    type: 'snapshot',
    protocolVersion,
    seq: shown.seq,
    state: view(shown),
    events: newest,
    series: recentSeries(),
  })

  /** Whether the list of blocked tasks is to be sent: it changed, and is not too long to be sent each time. */
  const isListDue = (now: CoreState): boolean => {
    if (now.blocked === listed.blocked && now.taskCounts === listed.taskCounts) return false
    const crowded = now.blocked.size > crowd && listed.blocked.size > crowd
    return !crowded || Date.now() - blockedSentAt >= crowdEveryMs
  }

  const keep = (changes: Changes, bytes: number): void => {
    sentChanges.push({ changes, bytes })
    sentBytes += bytes
    while (sentChanges.length > messagesKept || (sentBytes > backlogBytes && sentChanges.length > 1))
      sentBytes -= sentChanges.shift()?.bytes ?? 0
  }

  const send = (): void => {
    const now = state()
    const due = isListDue(now)
    if (now.seq === shown.seq && !due && Date.now() - sentAt < heartbeatMs) return
    const { blocked: _, ...others } = changedView(shown, now)
    const changed = due ? { ...others, blocked: shownBlocked(now) } : others
    const changes: Changes = { type: 'changes', seq: now.seq, state: changed, events, points }
    if (due) {
      blockedSentAt = Date.now()
      listed = now
    }
    shown = now
    sentAt = Date.now()
    const text = JSON.stringify(changes)
    keep(changes, text.length)
    events = []
    points = []
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
      const missed = changesSince(
        sentChanges.map(({ changes }) => changes),
        message.data.resume,
      )
      if (!greeted || missed === null) greet(missed ?? [snapshot()])
    })
  })

  return {
    publish: ({ event, effects }) => {
      const short = shorten(event)
      events.push(short)
      newest.push(short)
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

const tasksShown = 20

/** A snapshot of twenty thousand tasks is megabytes, and no page lists them one by one. */
const shorten = (event: Event): Event => {
  if (event.kind !== 'tasks-observed') return event
  const { changed, gone } = event
  if (changed.length + gone.length <= 2 * tasksShown) return event
  const omitted = {
    changed: Math.max(0, changed.length - tasksShown),
    gone: Math.max(0, gone.length - tasksShown),
  }
  return { ...event, changed: changed.slice(0, tasksShown), gone: gone.slice(0, tasksShown), omitted }
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
