import type { Gap } from '../contract/gap.ts'
import { collectGaps } from '../core/collect-gaps.ts'
import type { Watch } from '../core/gap.ts'
import type { ReportEvidence } from './report-evidence.ts'

/** What was missed during a transition, oldest first, and the watch that was kept when it ended. */
export const watchDuring = ({
  transition: { startedAt, endedAt },
  before,
  after,
  around,
}: ReportEvidence): { gaps: Gap[]; watch: Watch } => {
  const end = endedAt ?? after.time
  const gaps = collectGaps(before.tracer)
  let watch: Watch = before.tracer
  for (const event of around) {
    if (event.seq <= before.seq) continue
    gaps.take(event)
    if (event.time <= end) watch = gaps.watch()
  }
  const missed = gaps.between(startedAt, end).map((gap) => (gap.lasts ? { ...gap, to: after.time } : gap))
  return { gaps: missed.reverse(), watch }
}
