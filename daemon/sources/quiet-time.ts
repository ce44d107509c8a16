import { setTimeout as sleep } from 'node:timers/promises'

export type QuietTime = {
  /** A transition makes a step: what is dear has to wait, what has begun is broken off. */
  disturb: () => void
  /**
   * Runs `job` once nothing has disturbed for so long, and again from the start if something does meanwhile.
   * @throws what `job` throws by itself, and when stopped
   */
  run: <T>(job: (signal: AbortSignal) => Promise<T>) => Promise<T>
  /**
   * Resolves after `idleMs`; when something disturbs or has just disturbed, as soon as that is `calmMs` ago, but then
   * too `mostMs` after the `idleMs` at the latest. At once when stopped.
   */
  pause: (idleMs: number, calmMs: number, mostMs: number) => Promise<void>
  stop: () => void
}

/**
 * Keeps dear work out of the way of transitions. Unregistering from ftrace waits for RCU-tasks: for every task that it
 * finds on a run queue when it looks, some 10 ms after it has begun, and it looks after those again only 0.1 s later.
 * Whenever one of our threads is found there, a transition's end takes that much longer. Reading ftrace's lists holds
 * the very lock it needs.
 * Source: kernel/rcu/tasks.h, rcu_tasks_wait_gp; kernel/trace/ftrace.c, ftrace_shutdown, t_start
 * @param settleMs how long after the last step
 */
export const createQuietTime = (settleMs: number): QuietTime => {
  const stopping = new AbortController()
  let disturbedAt = Number.NEGATIVE_INFINITY
  let breakOff = new AbortController()

  /** Until the last disturbance is so long ago, or the deadline has come. @throws when stopped */
  const calm = async (calmMs: number, deadline = Number.POSITIVE_INFINITY): Promise<void> => {
    const { signal } = stopping
    const leftMs = () => Math.min(disturbedAt + calmMs, deadline) - performance.now()
    for (let left = leftMs(); left > 0; left = leftMs()) await sleep(left, undefined, { signal })
    signal.throwIfAborted()
  }

  return {
    disturb: () => {
      disturbedAt = performance.now()
      breakOff.abort()
      breakOff = new AbortController()
    },
    run: async (job) => {
      for (;;) {
        await calm(settleMs)
        const { signal } = breakOff
        try {
          return await job(signal)
        } catch (error) {
          if (!signal.aborted || stopping.signal.aborted) throw error
        }
      }
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
