import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import type { State } from '../../../daemon/contract/state.ts'
import type { Position } from '../../../daemon/contract/timeline.ts'
import { formatTime, parseTime } from '../../../daemon/core/time.ts'
import { view } from '../../../daemon/core/view.ts'
import { listen } from '../../../daemon/serve/listening.ts'
import { createHttpServer } from '../../../daemon/serve/server.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { createQueries } from '../../../daemon/store/queries.ts'
import { loopback } from '../support/loopback.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const steps = stepsOf(recordingsOf('stall-sleeping')[0]!)
const [oldest, newest] = [steps[0]!, steps.at(-1)!]
let server: Server
let database: ReturnType<typeof recordSteps>

beforeEach(async () => {
  database = recordSteps(steps, dir.path('klpscope.db'))
  server = createHttpServer({
    state: () => newest.state,
    queries: createQueries(database),
    past: createPast(database),
    record: () => ({ live: false, name: 'stall', speed: 1, malformed: 0, samples: [] }),
    isReady: () => true,
    webDir: dir.path('web'),
    log: pino({ level: 'silent' }),
    access: loopback,
  })
  await listen(server, loopback)
})
afterEach(() => {
  server.close()
  database.close()
})

const get = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const ask = (query: string) => get(`state?${query}`)
const moved = (time: string, ns: bigint) => formatTime(parseTime(time) + ns)

describe('GET state', () => {
  /** With a blocked task, and no event after it that came late. */
  const blocked = steps.find(
    ({ event, state }, index) =>
      state.blocked.size > 0 && steps.slice(index + 1).every((later) => later.event.time > event.time),
  )!

  it('is as of the newest event', async () =>
    expect(await ask('')).toEqual({ status: 200, body: JSON.parse(JSON.stringify(view(newest.state))) }))

  it.each([
    ['at a time', `at=${blocked.event.time}`],
    ['at a time in another zone', `at=${blocked.event.time.replace('Z', '%2B00:00')}`],
    ['after an event', `seq=${blocked.event.seq}`],
  ])('%s is what the daemon showed then', async (_name, query) =>
    expect(await ask(query)).toEqual({ status: 200, body: JSON.parse(JSON.stringify(view(blocked.state))) }),
  )

  it('a nanosecond before an event is that of the event before', async () => {
    const { body } = await ask(`at=${moved(blocked.event.time, -1n)}`)
    expect(body.seq).toBeLessThan(blocked.event.seq)
  })

  it('in the future is the present one', async () =>
    expect((await ask('at=2099-01-01T00:00:00Z')).body.seq).toBe(newest.event.seq))

  it('before the record is 404, and says when the record begins', async () => {
    const { status, body } = await ask(`at=${moved(oldest.event.time, -1n)}`)
    expect(status).toBe(404)
    expect(body.error).toContain(oldest.event.time)
  })

  it.each([0, newest.event.seq + 1])('after event %i, which there is not, is 404', async (seq) =>
    expect(await ask(`seq=${seq}`)).toMatchObject({ status: 404, body: { remedy: expect.any(String) } }),
  )

  it.each(['yesterday', '2026-11-20', '2026-02-31T99:00:00Z', '5', '', '2026-11-20T03:31:07 01:00'])(
    'at %j is 400, with a sentence',
    async (text) => {
      const { status, body } = await ask(`at=${encodeURIComponent(text)}`)
      expect(status).toBe(400)
      expect(body.error).toMatch(/not an RFC 3339 time/)
    },
  )

  it.each(['x', '-1', '1.5'])('after event %j is 400', async (text) =>
    expect((await ask(`seq=${text}`)).status).toBe(400),
  )
})

it('GET record tells whose record it is, and from when to when', async () => {
  const { seq, time } = oldest.event
  expect((await get('record')).body).toEqual({
    live: false,
    name: 'stall',
    speed: 1,
    malformed: 0,
    samples: [],
    first: { seq, time },
    last: { seq: newest.event.seq, time: newest.event.time },
    observed: expect.objectContaining({ seq: expect.any(Number) }),
    runs: [expect.objectContaining({ hostname: 'klpscope-lab', kernel: expect.stringMatching(/^\d/) })],
    truncated: false,
  })
})

it('GET record tells the last moment before the tracer was stopped, where a replay opens', async () => {
  const { observed, last } = (await get('record')).body as unknown as { observed: Position; last: Position }
  const headlineAt = async (query: string) => ((await ask(query)).body as unknown as State).headline.text
  expect(observed.seq).toBeLessThan(last.seq)
  expect(await headlineAt(`at=${observed.time}&seq=${observed.seq}`)).not.toMatch(/stopped|klpscope daemon/)
  expect(await headlineAt(`seq=${last.seq}`)).toMatch(/stopped/)
})

it('from step to step neither the time shown, nor the newest event in the list, nor the state goes back', async () => {
  let at = `seq=${oldest.event.seq}`
  let before = { time: '', seq: 0 }
  let steps = 0
  for (;;) {
    const step = await get(`timeline/step?${at}&direction=next&to=event`)
    if (step.status === 404) break
    const { time, seq } = step.body as { time: string; seq: number }
    at = `at=${time}&seq=${seq}`
    const { state, events } = (await get(`snapshot?${at}`)).body as unknown as {
      state: State
      events: Event[]
    }
    expect(time >= before.time, at).toBe(true)
    expect(state.seq, at).toBeGreaterThanOrEqual(before.seq)
    const shown = events.map((event) => event.time).sort()
    expect(shown.at(-1), at).toBe(time)
    before = { time, seq: state.seq }
    steps++
  }
  expect(steps).toBeGreaterThan(20)
})

it('GET timeline covers the whole record unless asked for a part', async () => {
  const { body } = await get('timeline')
  expect(body).toMatchObject({ from: oldest.event.time, truncated: false })
  expect(body.transitions).toMatchObject([{ direction: 'patching' }, { direction: 'unpatching' }])
  const part = await get('timeline?to=1999-01-01T00:00:00Z')
  expect(part.body).toMatchObject({ transitions: [], findings: [], gaps: [] })
})

describe('GET timeline/step', () => {
  it('finds the next transition, and shows it', async () => {
    const { body } = await get(`timeline/step?seq=${oldest.event.seq}&direction=next&to=transition`)
    expect(body).toMatchObject({ kind: 'transition-started', text: expect.stringContaining('patching') })
    expect((await get(`state?seq=${body.seq}`)).body.transition).toMatchObject({ startedAt: body.time })
  })
  it('is 404 at the end of the record', async () =>
    expect((await get(`timeline/step?seq=${newest.event.seq}&direction=next`)).status).toBe(404))
  it.each(['', 'direction=up', 'direction=next&to=gap', 'direction=next&at=noon'])(
    '?%s is 400',
    async (query) => expect((await get(`timeline/step?${query}`)).status).toBe(400),
  )
})

it('GET snapshot is all the page shows of a moment, and nothing that came later', async () => {
  const moment = steps[Math.floor(steps.length / 2)]!
  const { body } = await get(`snapshot?seq=${moment.event.seq}`)
  expect(body).toMatchObject({ type: 'snapshot', seq: moment.event.seq })
  expect(body.state).toEqual(JSON.parse(JSON.stringify(view(moment.state))))
  const events = body.events as { seq: number }[]
  expect(events.map(({ seq }) => seq)).toEqual(
    steps.filter(({ event }) => event.seq <= moment.event.seq).map(({ event }) => event.seq),
  )
  const times = (body.series as { times: number[] }[]).flatMap((series) => series.times)
  expect(Math.max(0, ...times)).toBeLessThanOrEqual(Date.parse(moment.event.time))
  expect((await get('snapshot?at=1999-01-01T00:00:00Z')).status).toBe(404)
})
