import type { Event } from '../contract/event.ts'
import { protocolVersion, type ServerMessage } from '../contract/message.ts'
import type { Series } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { changedView, shownBlocked, view } from '../core/view.ts'
import type { Step } from '../engine.ts'
import { createSentChanges } from './sent-changes.ts'
import { createStreamClients, type StreamClients } from './stream-clients.ts'

export const streamPath = '/api/v1/stream'

/** Changes are gathered and sent together, and something is sent this often so that silence means trouble. */
const sendEveryMs = 100
const heartbeatMs = 2_000
const eventsKept = 200
/** A client this far behind is cut off; it reconnects and gets a fresh snapshot. No more is kept for resuming. */
const backlogBytes = 8_000_000
/** More blocked tasks than this are sent every two seconds only: the list is hundreds of kilobytes. */
const crowd = 50
const crowdEveryMs = 2_000

type Changes = Extract<ServerMessage, { type: 'changes' }>

export type Stream = Pick<StreamClients, 'upgrade' | 'close'> & { publish: (step: Step) => void }

/**
 * The live stream: a snapshot, then changes. Every text is made once, however many get it: the news of a round, and the
 * snapshot of those who ask in it.
 * @param recentSeries the series to draw from the start
 */
export const createStream = (
  state: () => CoreState,
  recentSeries: () => Series[],
  recentEvents: Event[],
): Stream => {
  const clients = createStreamClients(backlogBytes)
  const sent = createSentChanges(backlogBytes)
  const newest: Event[] = recentEvents.map(shorten)
  let blockedSentAt = 0
  let events: Event[] = []
  let points: Changes['points'] = []
  let shown = state()
  /** The one whose list of blocked tasks was sent last. */
  let listed = shown
  let sentAt = Date.now()
  let snapshot: Buffer | null = null

  /** As everyone who follows has it now. */
  const snapshotText = (): Buffer => {
    snapshot ??= toText({
      type: 'snapshot',
      protocolVersion,
      seq: shown.seq,
      state: view(shown),
      events: newest,
      series: recentSeries(),
    })
    return snapshot
  }

  /** What came after event `from`; nothing is an answer too. */
  const answer = (from: number | null): Buffer[] => {
    const missed = from === null ? null : sent.since(from)
    if (missed) return missed
    return from === shown.seq
      ? [toText({ type: 'changes', seq: shown.seq, state: {}, events: [], points: [] })]
      : [snapshotText()]
  }

  /** Whether the list of blocked tasks is to be sent: it changed, and is not too long to be sent each time. */
  const isListDue = (now: CoreState): boolean => {
    if (now.blocked === listed.blocked && now.taskCounts === listed.taskCounts) return false
    const crowded = now.blocked.size > crowd && listed.blocked.size > crowd
    return !crowded || Date.now() - blockedSentAt >= crowdEveryMs
  }

  /** What happened since the last round; null: nothing, and no sign of life is due. */
  const news = (): Buffer | null => {
    const now = state()
    const due = isListDue(now)
    if (now.seq === shown.seq && !due && Date.now() - sentAt < heartbeatMs) return null
    const { blocked: _, ...others } = changedView(shown, now)
    const changed = due ? { ...others, blocked: shownBlocked(now) } : others
    if (due) {
      blockedSentAt = Date.now()
      listed = now
    }
    const text = toText({ type: 'changes', seq: now.seq, state: changed, events, points })
    sent.keep(shown.seq, text)
    shown = now
    sentAt = Date.now()
    snapshot = null
    events = []
    points = []
    return text
  }
  const timer = setInterval(() => clients.round(news(), answer), sendEveryMs)

  return {
    upgrade: clients.upgrade,
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
      clients.close()
    },
  }
}

const toText = (message: ServerMessage): Buffer => Buffer.from(JSON.stringify(message))

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
