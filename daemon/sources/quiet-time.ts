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
 * Keeps dear work out of the way of transitions. Unregistering from ftrace waits until every task that is on a
 * CPU has gone to sleep or left the kernel once, and looks ten times a second: while we run, a transition's end
 * takes 0.1 s longer each time it does. Reading ftrace's lists holds the very lock it needs.
 * Source: kernel/rcu/tasks.h, rcu_tasks_wait_gp; kernel/trace/ftrace.c, ftrace_shutdown, t_start
 * @param settleMs how long after the last step
 */
export const createQuietTime = (settleMs: number): QuietTime => {
  const stopping = new AbortController()
  let disturbedAt = Number.NEGATIVE_INFINITY
  let breakOff = new AbortController()

  const reached = async (): Promise<void> => {
    const { signal } = stopping
    for (let left = leftMs(); left > 0; left = leftMs()) await sleep(left, undefined, { signal })
    signal.throwIfAborted()
  }
  const leftMs = () => disturbedAt + settleMs - performance.now()

  return {
    disturb: () => {
      disturbedAt = performance.now()
      breakOff.abort()
      breakOff = new AbortController()
    },
    run: async (job) => {
      for (;;) {
        await reached()
        const { signal } = breakOff
        try {
          return await job(signal)
        } catch (error) {
          if (!signal.aborted || stopping.signal.aborted) throw error
        }
      }
    },
    pause: async (idleMs, calmMs, mostMs) => {
      const { signal } = stopping
      const deadline = performance.now() + idleMs + mostMs
      const idle = AbortSignal.any([signal, breakOff.signal])
      await sleep(idleMs, undefined, { signal: idle }).catch(() => undefined)
      const left = () => Math.min(disturbedAt + calmMs, deadline) - performance.now()
      while (left() > 0 && !signal.aborted) await sleep(left(), undefined, { signal }).catch(() => undefined)
    },
    stop: () => {
      stopping.abort()
      breakOff.abort()
    },
  }
}
