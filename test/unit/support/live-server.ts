import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterEach } from 'vitest'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import { listen } from '../../../daemon/serve/listening.ts'
import { createHttpServer, type HttpServerOptions } from '../../../daemon/serve/server.ts'
import { createStream } from '../../../daemon/serve/stream.ts'
import type { Happening } from './fold.ts'
import { loopback } from './loopback.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

export type LiveServer = {
  server: Server
  port: number
  url: string
  state: () => CoreState
  /** How many were made. */
  snapshots: () => number
  /** Something happens. */
  tell: (happening: Happening) => void
}

/** The whole server on a real port, over a state that the test moves on; closed after the test. */
export const startLiveServer = async (options: Partial<HttpServerOptions> = {}): Promise<LiveServer> => {
  let state: CoreState = initialState
  let snapshots = 0
  const stream = createStream(() => state, () => {
    snapshots++
    return []
  }, [])
  const nothing = { events: () => [], bounds: () => null, runs: () => [] }
  const server = createHttpServer({
    state: () => state,
    queries: nothing as unknown as HttpServerOptions['queries'],
    past: nothing as unknown as HttpServerOptions['past'],
    record: () => ({ live: true, name: null, speed: null, malformed: 0, samples: [] }),
    isReady: () => true,
    webDir: '/nonexistent',
    log: pino({ level: 'silent' }),
    access: loopback,
    stream,
    ...options,
  })
  const url = await listen(server, loopback)
  closing.push(() => {
    stream.close()
    server.close()
    server.closeAllConnections()
  })
  return {
    server,
    url,
    port: (server.address() as AddressInfo).port,
    state: () => state,
    snapshots: () => snapshots,
    tell: (happening) => {
      const event = numberEvent(state, { ...happening, monoNs: String(state.seq * 1_000_000) } as never)
      const [next, effects] = reduce(state, event)
      state = next
      stream.publish({ event, state, effects })
    },
  }
}
