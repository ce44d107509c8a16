import type Database from 'better-sqlite3'

const dayNs = 86_400_000_000_000n
/** Smaller ones are not worth it. */
const largeBytes = 100_000
/** In days gone by, restoring a large state may take this long. */
const apartUs = 150_000

/** Deletes one large old checkpoint, if the next one is not far. @returns whether it did */
export const thinCheckpoints = (database: Database.Database, keptFrom: number): boolean => {
  const newestNs = database.prepare('SELECT max(time_ns) FROM checkpoints').pluck().safeIntegers().get() as
    | bigint
    | null
  if (newestNs === null) return false
  const pair = database
    .prepare(
      `SELECT seq, next_seq AS nextSeq, cost_us AS costUs FROM (
         SELECT seq, time_ns, cost_us, length(state) AS bytes,
           lead(seq) OVER newer AS next_seq, lead(cost_us) OVER newer AS next_cost
         FROM checkpoints WINDOW newer AS (ORDER BY seq)
       ) WHERE time_ns < ? AND seq > ? AND bytes > ? AND cost_us + next_cost <= ? LIMIT 1`,
    )
    .get(newestNs - dayNs, keptFrom, largeBytes, apartUs) as
    | { seq: number; nextSeq: number; costUs: number }
    | undefined
  if (!pair) return false
  database.transaction(() => {
    database
      .prepare('UPDATE checkpoints SET cost_us = cost_us + ? WHERE seq = ?')
      .run(pair.costUs, pair.nextSeq)
    database.prepare('DELETE FROM checkpoints WHERE seq = ?').run(pair.seq)
  })()
  return true
}
