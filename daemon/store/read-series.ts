import type Database from 'better-sqlite3'
import type { Series } from '../contract/state.ts'
import { type Resolution, resolutions } from './resolutions.ts'

type Bin = {
  timeMs: number | null
  last: number | null
  min: number | null
  max: number | null
  endMs: number | null
}
type Columns = Required<Series>

/** A series between two times, drawn together to about so many points; from the coarsest steps that are fine enough. */
export const readSeries = (
  database: Database.Database,
  name: string,
  fromNs: bigint,
  toNs: bigint,
  points: number,
): Series => {
  const columns: Columns = { name, times: [], values: [], min: [], max: [] }
  const series = database.prepare('SELECT id FROM series WHERE name = ?').pluck().get(name)
  if (series === undefined) return { name, times: [], values: [] }
  const binNs = (toNs - fromNs) / BigInt(Math.max(1, points)) + 1n
  const fineEnough = resolutions.filter(({ stepNs }) => stepNs <= binNs).length
  const parts: Bin[][] = []
  // What is no longer kept in fine steps may still be there in coarser ones.
  let untilNs = toNs
  for (const resolution of resolutions.slice(Math.max(0, fineEnough - 1))) {
    parts.unshift(readBins(database, series as number, resolution, fromNs, untilNs, binNs))
    const oldest = oldestStart(database, series as number, resolution)
    if (oldest !== null && oldest <= fromNs) break
    if (oldest !== null && oldest <= untilNs) untilNs = oldest - 1n
  }
  for (const bin of parts.flat()) add(columns, bin)
  return columns
}

const oldestStart = (database: Database.Database, series: number, { table }: Resolution): bigint | null =>
  database
    .prepare(`SELECT min(start_ns) FROM ${table} WHERE series_id = ?`)
    .pluck()
    .safeIntegers()
    .get(series) as bigint | null

const readBins = (
  database: Database.Database,
  series: number,
  { table, stepNs }: Resolution,
  fromNs: bigint,
  toNs: bigint,
  binNs: bigint,
): Bin[] =>
  database
    .prepare(
      `WITH bins AS (
         SELECT max(start_ns) AS start_ns, min(min) AS min, max(max) AS max FROM ${table}
         WHERE series_id = @series AND start_ns > @fromNs - @stepNs AND start_ns <= @toNs
           AND coalesce(end_ns, last_ns) >= @fromNs AND coalesce(last_ns, end_ns) <= @toNs
         GROUP BY (coalesce(last_ns, end_ns) - @fromNs) / @binNs
       )
       SELECT last_ns / 1000000 AS timeMs, last, bins.min, bins.max, end_ns / 1000000 AS endMs
       FROM bins JOIN ${table} AS points ON points.series_id = @series AND points.start_ns = bins.start_ns
       ORDER BY bins.start_ns`,
    )
    .all({ series, stepNs, fromNs, toNs, binNs }) as Bin[]

const add = ({ times, values, min, max }: Columns, bin: Bin): void => {
  if (bin.timeMs !== null) {
    times.push(bin.timeMs)
    values.push(bin.last)
    min.push(bin.min)
    max.push(bin.max)
  }
  if (bin.endMs !== null) {
    times.push(bin.endMs)
    values.push(null)
    min.push(null)
    max.push(null)
  }
}
