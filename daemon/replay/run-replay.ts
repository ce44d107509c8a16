import type { Logger } from 'pino'
import { webDir } from '../package-paths.ts'
import { type Listening, listen } from '../serve/listening.ts'
import { createHttpServer } from '../serve/server.ts'
import { createStream } from '../serve/stream.ts'
import { createQueries } from '../store/queries.ts'
import type { Replay } from './open-replay.ts'
import { replayApi } from './replay-api.ts'
import { createSamples } from './samples.ts'

/**
 * Serves a record with the dashboard, as the daemon serves the live one.
 * @param speed seconds of the record per second that a page starts with; null: at the end at once
 * @returns the URL to open, and how to stop
 * @throws UserError when the address cannot be had
 */
export const runReplay = async (
  replay: Replay,
  speed: number | null,
  listening: Listening,
  log: Logger,
): Promise<{ url: string; stop: () => void }> => {
  const samples = createSamples()
  const api = replayApi(replay, speed, samples.list)
  const newest = createQueries(replay.database).events({ limit: 200 }).reverse()
  const stream = createStream(api.state, () => [], newest)
  const server = createHttpServer({ ...api, samples, stream, webDir, log, access: listening })
  const stop = (): void => {
    stream.close()
    server.close()
    server.closeAllConnections()
    samples.close()
  }
  try {
    return { url: await listen(server, listening), stop }
  } catch (error) {
    stop()
    throw error
  }
}
