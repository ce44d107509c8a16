import type { Sample } from '../contract/timeline.ts'
import type { ApiOptions } from '../serve/api.ts'
import { createPast } from '../store/past.ts'
import { createQueries } from '../store/queries.ts'
import type { Replay } from './open-replay.ts'

/**
 * What the API needs to serve a replay.
 * @param speed seconds of the record per second that a page starts with; null: at the end at once
 */
export const replayApi = (replay: Replay, speed: number | null, samples: readonly Sample[]): ApiOptions => {
  const { name, file, database, state, malformed } = replay
  return {
    state: () => state,
    queries: createQueries(database),
    past: createPast(database),
    record: () => ({ live: false, name, speed, malformed, samples: [...samples] }),
    recordFile: file,
    isReady: () => true,
  }
}
