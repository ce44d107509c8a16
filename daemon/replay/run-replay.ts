import type { Logger } from 'pino'
import { webDir } from '../package-paths.ts'
import { createHttpServer, type ListenAddress, listen } from '../serve/server.ts'
import { createStream } from '../serve/stream.ts'
import { createQueries } from '../store/queries.ts'
import type { Replay } from './open-replay.ts'
import { replayApi } from './replay-api.ts'
import { createSamples } from './samples.ts'

/**
 * Serves a record with the dashboard, as the daemon serves the live one.
 * @param speed seconds of the record per second that a page starts with; null: at the end at once
 * @returns how to stop
 * @throws UserError when the address cannot be had
 */
export const runReplay = async (
  replay: Replay,
  speed: number | null,
  address: ListenAddress,
  log: Logger,
): Promise<() => void> => {
  const samples = createSamples()
  const api = replayApi(replay, speed, samples.list)
  const server = createHttpServer({ ...api, samples, webDir, log })
  const newest = createQueries(replay.database).events({ limit: 200 }).reverse()
  const stream = createStream(server, api.state, () => [], newest)
  await listen(server, address)
  return () => {
    stream.close()
    server.close()
    server.closeAllConnections()
    samples.close()
  }
}
