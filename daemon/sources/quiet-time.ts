import { setTimeout as sleep } from 'node:timers/promises'

export type QuietTime = {
  /** A transition makes a step. */
  disturb: () => void
  /**
   * Resolves after `idleMs`; when something disturbs or has just disturbed, as soon as that is `calmMs` ago, but then
   * too `mostMs` after the `idleMs` at the latest. At once when stopped.
   */
  pause: (idleMs: number, calmMs: number, mostMs: number) => Promise<void>
  stop: () => void
}

/**
 * Keeps work out of the way of transitions. Unregistering from ftrace waits for RCU-tasks: for every task that it
 * finds on a run queue when it looks, some 10 ms after it has begun, and it looks after those again only 0.1 s later.
 * Whenever one of our threads is found there, a transition's end takes that much longer.
 * Source: kernel/rcu/tasks.h, rcu_tasks_wait_gp; kernel/trace/ftrace.c, ftrace_shutdown
 */
export const createQuietTime = (): QuietTime => {
  const stopping = new AbortController()
  let disturbedAt = Number.NEGATIVE_INFINITY
  let breakOff = new AbortController()

  /** Until the last disturbance is so long ago, or the deadline has come. @throws when stopped */
  const calm = async (calmMs: number, deadline: number): Promise<void> => {
    const { signal } = stopping
    const leftMs = () => Math.min(disturbedAt + calmMs, deadline) - performance.now()
    for (let left = leftMs(); left > 0; left = leftMs()) await sleep(left, undefined, { signal })
  }

  return {
    disturb: () => {
      disturbedAt = performance.now()
      breakOff.abort()
      breakOff = new AbortController()
    },
    pause: async (idleMs, calmMs, mostMs) => {
      const deadline = performance.now() + idleMs + mostMs
      const signal = AbortSignal.any([stopping.signal, breakOff.signal])
      await sleep(idleMs, undefined, { signal }).catch(() => undefined)
      await calm(calmMs, deadline).catch(() => undefined)
    },
    stop: () => {
      stopping.abort()
      breakOff.abort()
    },
  }
}
