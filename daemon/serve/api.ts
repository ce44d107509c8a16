import { type NextFunction, type Request, type Response, Router } from 'express'
import * as z from 'zod'
import type { AccountStatus } from '../contract/account.ts'
import { eventKinds } from '../contract/event.ts'
import { blockedLongestFirst } from '../core/blockers.ts'
import type { CoreState } from '../core/core-state.ts'
import { functionsOf } from '../core/functions-view.ts'
import { formatTime, parseTime } from '../core/time.ts'
import { view } from '../core/view.ts'
import type { Past } from '../store/past.ts'
import type { Queries } from '../store/queries.ts'
import type { Eventually } from '../store/thread-calls.ts'
import { UserError } from '../user-error.ts'
import { createDocumentsApi } from './documents-api.ts'
import { problemsOf } from './health.ts'
import { instant as time } from './instant.ts'
import { momentQuery, stateAtMoment } from './moment.ts'
import { notFound } from './not-found.ts'
import { createRecordApi, type RecordLabel } from './record-api.ts'
import { seqNumber, wholeNumber } from './whole-number.ts'

export type ApiOptions = {
  state: () => CoreState
  queries: Eventually<Queries>
  past: Eventually<Past>
  /** What is told of the record beside its events. */
  record: () => RecordLabel
  /** The record on disk, for the documents made from it. */
  recordFile?: string
  /** What waits to be written to it. */
  waiting?: () => { waiting: number; waitingBytes: number; lost: number }
  /** What became of every event of this run; a replay has none. */
  account?: () => Promise<AccountStatus>
  /** False while the probes are still being attached. */
  isReady: () => boolean
}

const limit = wholeNumber(1, 10_000).default(100)

const eventsQuery = z.object({
  from: time.optional(),
  to: time.optional(),
  kind: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(eventKinds, { error: ({ input }) => `there is no kind of event "${input}"` })))
    .optional(),
  patch: z.string().optional(),
  tid: wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).optional(),
  transition: z.string().optional(),
  limit,
  cursor: seqNumber.optional(),
})
const seriesQuery = z.object({
  name: z.string(),
  from: time.optional(),
  to: time.optional(),
  points: wholeNumber(2, 10_000).default(600),
})
const transitionsQuery = z.object({ limit, before: time.optional(), cursor: z.string().optional() })
const tasksQuery = z.object({
  blocked: z.enum(['0', '1']).optional(),
  limit: wholeNumber(1, 100_000).default(1_000),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
})
const findingsQuery = z.object({
  state: z.enum(['open', 'all']).default('all'),
  limit: wholeNumber(1, 10_000).default(10_000),
})

const nothing = { waiting: 0, waitingBytes: 0, lost: 0 }
/** Of one transition, the newest. */
const mostTaskEvents = 10_000
const hourNs = 3_600_000_000_000n

/** The JSON API under /api/v1. */
export const createApi = ({
  state,
  queries,
  past,
  record,
  recordFile,
  waiting,
  account,
  isReady,
}: ApiOptions): Router => {
  const api = Router()
  if (recordFile !== undefined) api.use(createDocumentsApi(recordFile))
  api.get('/health', async (_request, response) => {
    const accounted = await account?.()
    const { tracer, seq, host, record } = view(state())
    const { waiting: waitingEvents, waitingBytes, lost: lostEvents } = waiting?.() ?? nothing
    response.json({
      ready: isReady(),
      problems: problemsOf(state()),
      seq,
      host,
      tracer,
      record: { ...record, waitingEvents, waitingBytes, lostEvents },
      account: accounted ?? null,
    })
  })
  api.get('/state', async (request, response) => {
    const found = await stateAtMoment(momentQuery.parse(request.query), response, past, state())
    if (found) response.json(found)
  })
  api.use(createRecordApi({ state, queries, past, record }))
  api.get('/patches', (_request, response) => void response.json({ patches: state().patches }))
  api.get('/functions', (_request, response) => {
    const { items, ...rest } = functionsOf(state())
    response.json({ ...rest, functions: items })
  })
  api.get('/transitions', async (request, response) => {
    const query = transitionsQuery.parse(request.query)
    const { limit, before, cursor } = query
    const found = await queries.transitions(limit + 1, before, cursor)
    const transitions = found.slice(0, limit)
    response.json({ transitions, cursor: found.length > limit ? (transitions.at(-1)?.id ?? null) : null })
  })
  api.get('/transitions/:id', async (request, response) => {
    const transition = await queries.transition(request.params.id)
    if (!transition)
      return notFound(
        response,
        `There is no transition ${request.params.id}.`,
        'GET /api/v1/transitions lists them.',
      )
    response.json(transition)
  })
  api.get('/transitions/:id/tasks', async (request, response) => {
    const { id } = request.params
    if (!(await queries.transition(id)))
      return notFound(response, `There is no transition ${id}.`, 'GET /api/v1/transitions lists them.')
    const kind = ['task-blocked', 'task-switched', 'task-inspected']
    const newest = await queries.events({ transition: id, kind, limit: mostTaskEvents + 1 })
    const truncated = newest.length > mostTaskEvents
    response.json({ events: newest.slice(0, mostTaskEvents).reverse(), truncated })
  })
  api.get('/tasks', (request, response) => {
    const { blocked, limit, offset } = tasksQuery.parse(request.query)
    if (blocked === '1') {
      const longest = blockedLongestFirst(state(), offset + limit)
      return void response.json({ total: state().blocked.size, tasks: longest.slice(offset) })
    }
    const { tasks, taskCounts } = state()
    response.json({
      total: tasks.size,
      observedAt: taskCounts.observedAt,
      tasks: tasks
        .valueSeq()
        .slice(offset, offset + limit)
        .toArray(),
    })
  })
  api.get('/shadow', (_request, response) => void response.json(view(state()).shadow))
  api.get('/shadow/:id/series', async (request, response) => {
    const query = seriesQuery.omit({ name: true }).parse(request.query)
    response.json(await seriesOf(`shadow-live:${request.params.id}`, query))
  })
  api.get('/findings', async (request, response) => {
    const query = findingsQuery.parse(request.query)
    const found = await queries.findings(query.state === 'open', query.limit + 1)
    response.json({ findings: found.slice(0, query.limit), truncated: found.length > query.limit })
  })
  api.get('/events', async (request, response) => {
    const query = eventsQuery.parse(request.query)
    const found = await queries.events({
      ...(query.from === undefined ? {} : { fromNs: query.from }),
      ...(query.to === undefined ? {} : { toNs: query.to }),
      ...(query.kind === undefined ? {} : { kind: query.kind }),
      ...(query.patch === undefined ? {} : { patch: query.patch }),
      ...(query.tid === undefined ? {} : { tid: query.tid }),
      ...(query.transition === undefined ? {} : { transition: query.transition }),
      ...(query.cursor === undefined ? {} : { before: query.cursor }),
      limit: query.limit + 1,
    })
    const events = found.slice(0, query.limit)
    const cursor = found.length > query.limit ? (events.at(-1)?.seq ?? null) : null
    response.json({ events, cursor })
  })
  api.get('/series', async (request, response) => {
    const query = seriesQuery.safeParse(request.query)
    if (!query.success && request.query.name === undefined)
      return void response.json({ names: await queries.seriesNames() })
    const { name, ...range } = seriesQuery.parse(request.query)
    response.json(await seriesOf(name, range))
  })

  const seriesOf = async (name: string, range: { from?: bigint; to?: bigint; points: number }) => {
    const to = range.to ?? parseTime(new Date().toISOString())
    const from = range.from ?? to - hourNs
    return {
      ...(await queries.series(name, from, to, range.points)),
      from: formatTime(from),
      to: formatTime(to),
    }
  }

  api.use((request, response) =>
    notFound(
      response,
      `There is no ${request.method} ${request.originalUrl}.`,
      'The API is described in README.md.',
    ),
  )
  api.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    // The present is known all the same, and shown.
    if (error instanceof UserError)
      return void response.status(503).json({ error: error.message, remedy: error.remedy })
    if (!(error instanceof z.ZodError)) return next(error)
    const [issue] = error.issues
    response.status(400).json({
      error: `${String(issue?.path[0] ?? 'query')}: ${issue?.message}`,
      remedy: 'Correct this parameter.',
    })
  })
  return api
}
