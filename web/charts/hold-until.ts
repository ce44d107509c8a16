import type { Series } from '../../daemon/contract/state.ts'

/** A series that tells changes only: its last value still holds now (Unix ms), unless its line has ended. */
export function holdUntil(series: Series, now: number): Series {
  const newest = series.times.at(-1)
  const value = series.values.at(-1)
  if (newest === undefined || newest >= now || value === undefined || value === null) return series
  return { ...series, times: [...series.times, now], values: [...series.values, value] }
}
