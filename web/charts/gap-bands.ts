import type { Tracer } from '../../daemon/contract/state.ts'
import { parseTime } from '../../daemon/words/format.ts'
import type { Band } from './bands.ts'

/** The tracer's gaps as bands of a chart. */
export function gapBands(gaps: Tracer['gaps']): Band[] {
  return gaps.flatMap((gap) => {
    const from = parseTime(gap.from)
    const to = parseTime(gap.to)
    return from === null || to === null ? [] : [{ from, to, label: `not seen: ${gap.source}` }]
  })
}
