import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formatTime, parseTime } from '../../../daemon/core/time.ts'
import { view } from '../../../daemon/core/view.ts'
import { createHttpServer, listen } from '../../../daemon/serve/server.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { createQueries } from '../../../daemon/store/queries.ts'
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
    isReady: () => true,
    webDir: dir.path('web'),
    log: pino({ level: 'silent' }),
  })
  await listen(server, { host: '127.0.0.1', port: 0 })
})
afterEach(() => {
  server.close()
  database.close()
})

const ask = async (query: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/state?${query}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
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
