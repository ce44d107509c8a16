import type { Series } from '../contract/state.ts'
import type { Step } from '../engine.ts'

/** What a page draws before it has seen points of its own. */
export const recentMs = 15 * 60_000
export const recentPoints = 900

export type RecentPoints = {
  add: (step: Step) => void
  series: () => Series[]
}

/** The newest points of every series, at hand whatever becomes of the record. */
export const createRecentPoints = (recorded: readonly Series[]): RecentPoints => {
  const known = new Map(recorded.map((series) => [series.name, series]))
  return {
    add: ({ effects }) => {
      for (const effect of effects) {
        if (effect.kind !== 'point') continue
        const series = known.get(effect.name) ?? { name: effect.name, times: [], values: [] }
        known.set(effect.name, series)
        const time = Date.parse(effect.time)
        // That a line has ended is told late: it ends after its last point all the same.
        series.times.push(
          effect.value === null ? Math.max(time, (series.times.at(-1) ?? time - 1) + 1) : time,
        )
        series.values.push(effect.value)
        if (series.times.length >= 2 * recentPoints) known.set(effect.name, recent(series))
      }
    },
    series: () => {
      for (const [name, series] of known) {
        const kept = recent(series)
        if (kept.times.length > 0) known.set(name, kept)
        else known.delete(name)
      }
      return [...known.values()]
    },
  }
}

const recent = ({ name, times, values }: Series): Series => {
  const oldest = Date.now() - recentMs
  const from = Math.max(
    times.length - recentPoints,
    times.findIndex((time) => time >= oldest),
  )
  return (times.at(-1) ?? 0) < oldest
    ? { name, times: [], values: [] }
    : { name, times: times.slice(from), values: values.slice(from) }
}
