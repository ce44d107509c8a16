import type { Gap } from '../../daemon/contract/gap.ts'
import { parseTime } from '../../daemon/words/format.ts'
import type { Band } from './bands.ts'

/** The gaps that concern a chart as bands of it: where only a part of the observer was silent, the lines go on. */
export function gapBands(gaps: Gap[]): Band[] {
  return gaps.flatMap(({ from, to, seen, lasts }) => {
    const start = parseTime(from)
    const end = lasts ? Number.POSITIVE_INFINITY : parseTime(to)
    return start === null || end === null || seen === 'most' ? [] : [{ from: start, to: end, seen }]
  })
}

/** Those that reach into a stretch of time. */
export function bandsWithin(bands: Band[], from: number, to: number): Band[] {
  return bands.filter((band) => band.from < to && band.to > from)
}
