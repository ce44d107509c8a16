import type { Host } from '../contract/state.ts'

/** Whether a kernel is of a version or newer, by its release (`6.12.48+deb13-amd64`); null: not known. */
const isFrom = (host: Pick<Host, 'kernel'> | null, major: number, minor: number): boolean | null => {
  const [, itsMajor, itsMinor] = /^(\d+)\.(\d+)/.exec(host?.kernel ?? '') ?? []
  if (itsMajor === undefined) return null
  return Number(itsMajor) > major || (Number(itsMajor) === major && Number(itsMinor) >= minor)
}

/**
 * Whether a task is also tried when it calls cond_resched() or schedule() itself, so that a busy kernel thread can be
 * switched (since 6.4; kernel/livepatch/transition.c, __klp_sched_try_switch). Null: the kernel is not known.
 */
export const triesInSchedule = (host: Pick<Host, 'kernel'> | null): boolean | null => isFrom(host, 6, 4)

/**
 * Whether each try wakes the idle CPUs whose idle task has not switched (since 5.16; kernel/livepatch/transition.c,
 * klp_try_complete_transition, wake_up_if_idle). Null: the kernel is not known.
 */
export const wakesIdleCpus = (host: Pick<Host, 'kernel'> | null): boolean | null => isFrom(host, 5, 16)
