import type { Logger } from 'pino'
import { webDir } from '../package-paths.ts'
import { createHttpServer, type ListenAddress, listen } from '../serve/server.ts'
import { createStream } from '../serve/stream.ts'
import { createPast } from '../store/past.ts'
import { createQueries } from '../store/queries.ts'
import type { Replay } from './open-replay.ts'

/**
 * Serves a record with the dashboard, as the daemon serves the live one.
 * @param speed seconds of the record per second that a page starts with; null: at the end at once
 * @returns how to stop @throws UserError when the address cannot be had
 */
export const runReplay = async (
  replay: Replay,
  speed: number | null,
  address: ListenAddress,
  log: Logger,
): Promise<() => void> => {
  const queries = createQueries(replay.database)
  const state = () => replay.state
  const server = createHttpServer({
    state,
    queries,
    past: createPast(replay.database),
    record: () => ({ live: false, name: replay.name, speed, malformed: replay.malformed, samples: [] }),
    recordFile: replay.file,
    isReady: () => true,
    webDir,
    log,
  })
  const stream = createStream(server, state, () => [], queries.events({ limit: 200 }).reverse())
  await listen(server, address)
  return () => {
    stream.close()
    server.close()
    server.closeAllConnections()
  }
}
