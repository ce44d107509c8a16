import type { Task } from '../contract/state.ts'

type Named = Pick<Task, 'pid' | 'comm'>
type Shown = Named & Pick<Task, 'startNs'>

/** Of another process or name: the tid was reused since. */
export const isSameTask = (known: Named, told: Named): boolean =>
  known.pid === told.pid && known.comm === told.comm

/**
 * Whether a snapshot shows that the tid of a blocked task is another task's by now. Not when it is that other task of
 * which an event told already.
 * @param before what an earlier snapshot showed under that tid
 */
export const isReused = (blocked: Named, before: Shown | undefined, now: Shown): boolean =>
  before !== undefined &&
  !isSameStart(before.startNs, now.startNs) &&
  (isSameTask(blocked, before) || !isSameTask(blocked, now))

/** /proc rounds a start down to a clock tick, the iterator does not: USER_HZ is 100 (include/asm-generic/param.h). */
const tickNs = 10_000_000n

const isSameStart = (one: string, other: string): boolean => {
  const apartNs = BigInt(one) - BigInt(other)
  return apartNs < tickNs && apartNs > -tickNs
}
