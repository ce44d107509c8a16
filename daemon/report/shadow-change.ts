import type { TransitionReport } from '../contract/report.ts'
import { formatCount } from '../words/format.ts'

type Shadow = TransitionReport['shadow']

/** What became of the live variables of one id: `+2`, `0`, `unknown`. */
export const shadowChange = ({ before, after }: Shadow['ids'][number]): string => {
  if (after === null) return 'not seen any more'
  // An id without a variable is not in the kernel's counts.
  const was = before === null ? 0 : before.live
  if (was === null || after.live === null) return 'unknown'
  const change = after.live - was
  return change > 0 ? `+${formatCount(change)}` : change === 0 ? '0' : `−${formatCount(-change)}`
}

export const shadowAdoptionText = ({ adoptionBefore, adoptionAfter }: Shadow): string => {
  if (adoptionBefore === 'complete' && adoptionAfter === 'complete')
    return 'Variables older than the tracer are counted in.'
  if (adoptionAfter === 'complete')
    return 'At the first of these moments, variables older than the tracer were not counted in yet.'
  return 'Variables older than the tracer are not counted in.'
}
