import { Router } from 'express'
import * as z from 'zod'
import { type Event, type EventKind, eventKinds } from '../contract/event.ts'
import { measurements } from '../contract/measurement.ts'
import { protocolVersion, type ServerMessage } from '../contract/message.ts'
import { type RecordInfo, stepTargets } from '../contract/timeline.ts'
import type { CoreState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import type { Past } from '../store/past.ts'
import type { Queries } from '../store/queries.ts'
import type { Eventually } from '../store/thread-calls.ts'
import { instant } from './instant.ts'
import { type Moment, momentQuery, stateAtMoment } from './moment.ts'
import { notFound } from './not-found.ts'

export type RecordLabel = Pick<RecordInfo, 'live' | 'name' | 'speed' | 'malformed' | 'samples'>

export type RecordApiOptions = {
  state: () => CoreState
  queries: Eventually<Queries>
  past: Eventually<Past>
  record: () => RecordLabel
}

const timelineQuery = z.object({ from: instant.optional(), to: instant.optional() })
const stepQuery = momentQuery.extend({
  direction: z.enum(['next', 'previous']),
  to: z.enum(stepTargets).default('event'),
})

const chartNs = 15n * 60_000_000_000n
const chartPoints = 450
const runsListed = 1_000
const eventsShown = 200
const measurementsShown = 50

const told = eventKinds.filter((kind) => !(measurements as readonly EventKind[]).includes(kind))

/** What is needed to move through a record: its extent, what happened when, and the whole view of a moment. */
export const createRecordApi = ({ state, queries, past, record }: RecordApiOptions): Router => {
  const api = Router()

  api.get('/record', async (_request, response) => {
    const bounds = await past.bounds()
    const runs = await past.runs(runsListed + 1)
    const info: RecordInfo = {
      ...record(),
      first: bounds?.first ?? null,
      last: bounds?.last ?? null,
      observed: bounds?.observed ?? null,
      runs: runs.slice(-runsListed),
      truncated: runs.length > runsListed,
    }
    response.json(info)
  })

  api.get('/timeline', async (request, response) => {
    const query = timelineQuery.parse(request.query)
    const bounds = await past.bounds()
    const from = query.from ?? (bounds ? parseTime(bounds.first.time) : 0n)
    const to = query.to ?? (bounds ? parseTime(bounds.last.time) : 0n)
    response.json(await past.timeline(from, to))
  })

  api.get('/timeline/step', async (request, response) => {
    const { at, seq, direction, to } = stepQuery.parse(request.query)
    const from = seq === undefined ? { timeNs: at ?? parseTime(state().time) } : { seq }
    const step = await past.step(from, direction, to)
    if (step) return void response.json(step)
    notFound(response, `There is no ${direction} ${to} in the record.`, 'Go the other way.')
  })

  /** As the stream's first message, for a moment of the past. */
  api.get('/snapshot', async (request, response) => {
    const moment = momentQuery.parse(request.query)
    const found = await stateAtMoment(moment, response, past, state())
    if (!found) return
    const events = [
      ...(await queries.newestOfKinds(told, found.seq, eventsShown)),
      ...(await queries.newestOfKinds(measurements, found.seq, measurementsShown)),
    ]
      .filter(happenedBy(moment))
      .sort((a, b) => a.seq - b.seq)
    const to = moment.seq === undefined ? (moment.at ?? parseTime(found.time)) : parseTime(found.time)
    const names = await queries.seriesNames()
    const series = await Promise.all(names.map((name) => queries.series(name, to - chartNs, to, chartPoints)))
    response.json({
      type: 'snapshot',
      protocolVersion,
      seq: found.seq,
      state: found,
      events,
      series,
    } satisfies ServerMessage)
  })

  return api
}

/** An event that was read late may have come after some that had not happened yet. */
const happenedBy = ({ at, seq }: Moment): ((event: Event) => boolean) => {
  if (at === undefined || seq === undefined) return () => true
  return (event) => {
    const timeNs = parseTime(event.time)
    return timeNs < at || (timeNs === at && event.seq <= seq)
  }
}
