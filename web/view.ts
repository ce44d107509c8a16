import type { Event } from '../daemon/contract/event.ts'
import type { ServerMessage } from '../daemon/contract/message.ts'
import type { Series, State } from '../daemon/contract/state.ts'
import { parseTime } from '../daemon/words/format.ts'
import { isMeasurement } from './event-family.ts'

/** All that the page knows of the server: a fold over its messages. */
export type View = {
  seq: number
  state: State | null
  /** Newest first. */
  events: Event[]
  series: Record<string, Series>
  /** Server clock minus this browser's clock. */
  clockOffsetMs: number
  /** Browser time of the newest message. */
  receivedAt: number
  /** Messages, events and points that could not be understood. */
  malformed: number
  lastMalformed: string | null
}

export const emptyView: View = {
  seq: 0,
  state: null,
  events: [],
  series: {},
  clockOffsetMs: 0,
  receivedAt: 0,
  malformed: 0,
  lastMalformed: null,
}

export const keptEvents = 500
const keptMeasurements = 100
export const keptMs = 15 * 60_000

type Changes = Extract<ServerMessage, { type: 'changes' }>
type Snapshot = Extract<ServerMessage, { type: 'snapshot' }>

/** The next view. Parts that a message does not touch keep their identity, so that charts and lists can skip them. */
export function applyMessage(view: View, message: ServerMessage, receivedAt: number): View {
  const next = message.type === 'snapshot' ? applySnapshot(view, message) : applyChanges(view, message)
  return { ...next, receivedAt, clockOffsetMs: nextOffset(view, message, receivedAt) }
}

export function countMalformed(view: View, count: number, why: string): View {
  return count === 0 ? view : { ...view, malformed: view.malformed + count, lastMalformed: why }
}

function applySnapshot(view: View, message: Snapshot): View {
  const newest = newestTime(message.state.time, message.series)
  return {
    ...view,
    seq: message.seq,
    state: message.state,
    events: prependEvents(contiguousEvents(view, message), message.events),
    series: Object.fromEntries(message.series.map((one) => [one.name, pruneSeries(one, newest - keptMs)])),
  }
}

/** Older events stay only if no hole lies between them and the snapshot: a list with a silent hole would lie. */
function contiguousEvents(view: View, message: Snapshot): Event[] {
  const oldest = message.events[0]
  const known = view.events[0]
  const sameBoot = view.state?.host?.bootId === message.state.host?.bootId
  if (!oldest || !known || !sameBoot || message.seq < view.seq || oldest.seq > known.seq + 1) return []
  return view.events
}

function applyChanges(view: View, message: Changes): View {
  // Changes before any snapshot have nothing to change; the next snapshot contains them.
  if (view.state === null) return view
  return {
    ...view,
    seq: Math.max(view.seq, message.seq),
    state: Object.keys(message.state).length === 0 ? view.state : { ...view.state, ...message.state },
    events: prependEvents(view.events, message.events),
    series: appendPoints(view.series, message.points),
  }
}

/** `incoming` is oldest first; what is known already (a resume may overlap) is left out. */
function prependEvents(known: Event[], incoming: Event[]): Event[] {
  const newest = known[0]?.seq ?? -1
  const fresh = incoming.filter((event) => event.seq > newest)
  return fresh.length === 0 ? known : trimEvents([...fresh.reverse(), ...known])
}

/** Per-second measurements give way first; otherwise they would push the story out within minutes. */
function trimEvents(events: Event[]): Event[] {
  if (events.length <= keptEvents) return events
  let measurements = 0
  return events
    .filter((event) => {
      if (!isMeasurement(event.kind)) return true
      measurements += 1
      return measurements <= keptMeasurements
    })
    .slice(0, keptEvents)
}

function appendPoints(series: Record<string, Series>, points: Changes['points']): Record<string, Series> {
  if (points.length === 0) return series
  const next = { ...series }
  const copied = new Set<string>()
  for (const point of points) {
    const old = next[point.name] ?? { name: point.name, times: [], values: [] }
    const one = copied.has(point.name) ? old : { ...old, times: [...old.times], values: [...old.values] }
    copied.add(point.name)
    next[point.name] = one
    const last = one.times.at(-1) ?? Number.NEGATIVE_INFINITY
    // That a line has ended is told late: it ends after its last point all the same.
    const time = point.value === null ? Math.max(point.time, last + 1) : point.time
    if (time < last) continue
    if (time === last) one.values[one.values.length - 1] = point.value
    else {
      one.times.push(time)
      one.values.push(point.value)
    }
  }
  const from = Math.max(...points.map((point) => point.time)) - keptMs
  for (const name of copied) {
    const one = next[name]
    if (one) next[name] = pruneSeries(one, from)
  }
  return next
}

function pruneSeries(series: Series, from: number): Series {
  const first = series.times.findIndex((time) => time >= from)
  if (first === 0 || series.times.length === 0) return series
  const start = first === -1 ? series.times.length : first
  return { name: series.name, times: series.times.slice(start), values: series.values.slice(start) }
}

function newestTime(stateTime: string, series: Series[]): number {
  return Math.max(parseTime(stateTime) ?? 0, ...series.map((one) => one.times.at(-1) ?? 0))
}

/**
 * The state's time lags behind the server's clock by up to a message's delay, so the largest offset seen is the
 * best one; a large step back (clock set, another recording) is believed at once.
 */
function nextOffset(view: View, message: ServerMessage, receivedAt: number): number {
  const time = parseTime(message.state.time ?? null)
  if (time === null) return view.clockOffsetMs
  const sample = time - receivedAt
  const first = view.state === null || message.type === 'snapshot'
  return first || sample > view.clockOffsetMs || view.clockOffsetMs - sample > 30_000
    ? sample
    : view.clockOffsetMs
}
