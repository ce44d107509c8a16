import type { Series } from '../../daemon/contract/state.ts'

/** A value holds until its line ends, not only until it was last told: the line is drawn up to there. */
export function holdToEnds(series: Series): Series {
  const times: number[] = []
  const values: (number | null)[] = []
  for (const [index, time] of series.times.entries()) {
    const value = series.values[index] ?? null
    const [before, held] = [times.at(-1), values.at(-1)]
    if (value === null && before !== undefined && held !== undefined && held !== null && before < time - 1) {
      times.push(time - 1)
      values.push(held)
    }
    times.push(time)
    values.push(value)
  }
  return times.length === series.times.length ? series : { name: series.name, times, values }
}
