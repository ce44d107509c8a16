import type { TransitionReport } from '../contract/report.ts'
import type { Transition } from '../contract/state.ts'
import { formatDuration } from '../words/format.ts'

/** With fewer, a percentile would say more than is known. */
const enough = 20

/** How long it took among this record's past transitions. @param pastMs ascending */
export const compareWithPast = (
  { durationMs, outcome, startKnown }: Transition,
  pastMs: readonly number[],
): TransitionReport['comparison'] => {
  const others = pastMs.length
  const shorter = pastMs.filter((past) => past < durationMs).length
  const longer = pastMs.filter((past) => past > durationMs).length
  const medianMs = median(pastMs)
  const percentile = others >= enough ? Math.round((100 * shorter) / others) : null
  return { others, longer, medianMs, percentile, text: text() }

  function text(): string {
    if (others === 0)
      return 'It is the first transition in this record, with none before it to compare it with.'
    const soFar = outcome === 'completed' && startKnown ? '' : 'so far '
    if (percentile !== null)
      return `It took ${soFar}longer than ${percentile} % of the ${others} past transitions in this record, whose median is ${formatDuration(medianMs ?? 0)}.`
    const rank = longer === 0 ? 'longest' : longer === others ? 'shortest' : `${ordinal(longer + 1)} longest`
    if (others === 1)
      return `It is ${soFar}the ${longer === 0 ? 'longer' : 'shorter'} of 2 transitions in this record; the other took ${formatDuration(pastMs[0] ?? 0)}.`
    return `It is ${soFar}the ${rank} of ${others + 1} transitions in this record, too few for a percentile; the median of the ${others} before it is ${formatDuration(medianMs ?? 0)}.`
  }
}

const median = (ascending: readonly number[]): number | null => {
  const middle = ascending.length / 2
  const [low, high] = [ascending[Math.ceil(middle) - 1], ascending[Math.floor(middle)]]
  return low === undefined || high === undefined ? null : (low + high) / 2
}

const ordinal = (n: number): string => {
  const last = n % 100
  const suffix = last >= 11 && last <= 13 ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th')
  return `${n}${suffix}`
}
