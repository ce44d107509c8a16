import { fixed } from './format.ts'
import { median, medianInterval, quantile } from './statistics.ts'
import type { MeasuredTransition } from './transition-log.ts'
import type { Block, Condition } from './transition-plan.ts'

/** With fewer, chance decides. */
export const PAIRS_FOR_A_VERDICT = 20

export const directions = ['patching', 'unpatching'] as const

export interface Pair {
  readonly without: MeasuredTransition
  readonly with: MeasuredTransition
}

/** The n-th with the n-th: they come from neighbouring blocks. */
export const pairUp = (
  measured: readonly MeasuredTransition[],
  series: Block['series'],
  condition: Condition,
  direction: MeasuredTransition['direction'],
): Pair[] => {
  const of = (wanted: Condition) =>
    measured.filter((one) => one.series === series && one.condition === wanted && one.direction === direction)
  const others = of(condition)
  return of('nothing').flatMap((without, index) => {
    const other = others[index]
    return other ? [{ without, with: other }] : []
  })
}

const spread = (values: readonly number[], digits: number): string =>
  `${fixed(median(values), digits)} (${fixed(quantile(values, 0.25), digits)}-${fixed(quantile(values, 0.75), digits)})`

/** @param secondsOf what is compared of each transition */
export const summarize = (
  pairs: readonly Pair[],
  secondsOf = ({ seconds }: MeasuredTransition): number => seconds,
) => {
  const withoutS = pairs.map((pair) => secondsOf(pair.without))
  const withS = pairs.map((pair) => secondsOf(pair.with))
  const ratios = pairs.map((pair) => secondsOf(pair.with) / secondsOf(pair.without))
  const firstTry = (side: keyof Pair) => pairs.filter((pair) => pair[side].firstTry).length
  return {
    pairs: pairs.length,
    withoutS,
    withS,
    ratios,
    longerMs: median(pairs.map((pair) => (secondsOf(pair.with) - secondsOf(pair.without)) * 1000)),
    ratioOfMedians: median(withS) / median(withoutS),
    medianRatio: median(ratios),
    interval: medianInterval(ratios),
    firstTry: { without: firstTry('without'), with: firstTry('with') },
  }
}
export type Summary = ReturnType<typeof summarize>

export const pairColumns = [
  'transitions',
  'pairs',
  'without: median s (quartiles)',
  'with: median s (quartiles)',
  'ratio of medians',
  'pair ratios: median (quartiles)',
  '95 % of the median',
  'longer by: median ms',
]

export const pairRow = (name: string, one: Summary): string[] => [
  name,
  String(one.pairs),
  spread(one.withoutS, 3),
  spread(one.withS, 3),
  fixed(one.ratioOfMedians, 3),
  spread(one.ratios, 3),
  `${fixed(one.interval.low, 2)}-${fixed(one.interval.high, 2)}`,
  fixed(one.longerMs, 0),
]
