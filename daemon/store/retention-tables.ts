import type Database from 'better-sqlite3'
import { recordedSince } from './recorded-time.ts'

/** What is small and sums up is kept this many times as long as events. */
const longer = 10n
const longest = 100n
const rowsAtOnce = 1_000

/**
 * Deletes some rows of the tables that follow from the events, by age: seconds of series go with the events, minutes
 * and all that is told of transitions, patches and runs stay ten times, hours a hundred times as long.
 * @param keptFrom the checkpoint at which the record begins
 * @returns whether there is more
 */
export const forgetDerived = (database: Database.Database, keptFrom: number): boolean => {
  const beginNs = database
    // The earliest time that anything kept has: the clock may have been set back since.
    .prepare('SELECT min(time_ns) FROM checkpoints WHERE seq >= ?')
    .pluck()
    .safeIntegers()
    .get(keptFrom) as bigint | null
  if (beginNs === null) return false
  const ageNs = recordedSince(database, keptFrom)
  const minutesNs = beginNs - (longer - 1n) * ageNs
  const hoursNs = beginNs - (longest - 1n) * ageNs
  return [
    () => forgetPoints(database, 'points_1s', beginNs),
    () => forgetPoints(database, 'points_1min', minutesNs),
    () => forgetPoints(database, 'points_1h', hoursNs),
    ...forgotten.map((sql) => () => run(database, sql, minutesNs)),
  ].some((forget) => forget())
}

/** Tasks before their transition, so that a row of theirs never stands alone for long. */
const forgotten = [
  `DELETE FROM transition_tasks WHERE transition_id IN (
     SELECT id FROM transitions WHERE outcome != 'running' AND start_ns < @ns) LIMIT ${rowsAtOnce}`,
  `DELETE FROM transitions WHERE outcome != 'running' AND start_ns < @ns LIMIT ${rowsAtOnce}`,
  `DELETE FROM findings WHERE closed_ns < @ns LIMIT ${rowsAtOnce}`,
  `DELETE FROM patches WHERE gone_ns < @ns LIMIT ${rowsAtOnce}`,
  `DELETE FROM shadow_ids WHERE last_ns < @ns AND run_id < (SELECT max(id) FROM runs) LIMIT ${rowsAtOnce}`,
  `DELETE FROM clock_mappings WHERE seq < (SELECT coalesce(min(id), 0) FROM runs) LIMIT ${rowsAtOnce}`,
  `DELETE FROM runs WHERE ended_ns < @ns LIMIT ${rowsAtOnce}`,
]

const run = (database: Database.Database, sql: string, ns: bigint): boolean =>
  database.prepare(sql).run(sql.includes('@ns') ? { ns } : {}).changes > 0

const forgetPoints = (database: Database.Database, table: string, beforeNs: bigint): boolean => {
  const forget = database.prepare(
    `DELETE FROM ${table} WHERE series_id = ? AND start_ns < ? LIMIT ${rowsAtOnce}`,
  )
  const series = database.prepare('SELECT id FROM series').pluck().all() as number[]
  return series.some((id) => forget.run(id, beforeNs).changes > 0)
}
