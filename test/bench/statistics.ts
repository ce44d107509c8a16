/** The value below which a share of the values lies, interpolated; NaN of nothing. @param share 0 to 1 */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  if (below === undefined || above === undefined) return Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Numbers in [0, 1), the same ones each time: two looks at the same data must not differ. */
const repeatableChance = (): (() => number) => {
  let state = 0x9e3779b9
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/**
 * Where the median lies with 95 % confidence, by drawing samples from the sample (percentile bootstrap).
 * It allows for chance between the values, not for what would shift all of them.
 */
export const medianInterval = (values: readonly number[], draws = 4000): Interval => {
  const chance = repeatableChance()
  const draw = () => values[Math.floor(chance() * values.length)] as number
  const medians = Array.from({ length: draws }, () => median(values.map(draw)))
  return { low: quantile(medians, 0.025), high: quantile(medians, 0.975) }
}
