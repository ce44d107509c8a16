import type { Straggler } from '../contract/report.ts'

/** Below this share of the transition's time a task was met, not in the way: the kernel tries once a second anyway. */
const shareOfDuration = 0.25
const leastMs = 50
/** Tasks nothing is known of but that they had not switched: so many tell of the look, not of a culprit. */
const crowd = 3

/**
 * The task that held a transition up; undefined when none is known to.
 * @param kernelMs what the kernel took by itself at the longest, before its first try or after the last task's switch
 */
export const findCulprit = (
  stragglers: readonly Straggler[],
  transition: { durationMs: number },
  kernelMs = 0,
): Straggler | undefined => {
  const longestMs = stragglers.reduce((longest, task) => Math.max(longest, task.durationMs), 0)
  const candidates = stragglers
    .filter((task) => task.durationMs >= longestMs / 2)
    .sort((a, b) => known(b) - known(a) || b.durationMs - a.durationMs)
  const [best] = candidates
  if (!best || (known(best) === 0 && candidates.length > crowd)) return undefined
  const isLong = best.durationMs >= Math.max(leastMs, transition.durationMs * shareOfDuration)
  return (isLong && best.durationMs >= kernelMs) || best.end === 'still-blocked' ? best : undefined
}

/** How much is known of why it was in the way, and of how that ended. */
const known = ({ reasons, end }: Straggler): number =>
  (reasons.length > 0 ? 2 : 0) +
  (end === 'switched' || end === 'seen-switched' || end === 'still-blocked' ? 1 : 0)
