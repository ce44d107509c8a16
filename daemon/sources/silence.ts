/** The tracer says something each second but the first of a transition (CLOCK of bpf/tracer/schedule.c). */
const longestSilenceMs = 4_000
const lookMs = 250
/** For what the kernel may take long to do, as to take hundreds of probes away. */
const busyMs = 60_000

export type SilenceWatch = {
  heard: () => void
  /** It has said that it will say nothing for a while. */
  excused: () => void
  stop: () => void
}

/**
 * Tells, once, when nothing has been heard for so long that whoever should speak must have been stopped, or hangs. Only
 * time in which this process listened counts: what has come while it was held up is read before it is judged.
 */
export const watchSilence = (
  onSilent: () => void,
  now: () => number = () => performance.now(),
): SilenceWatch => {
  let heardMs = now()
  let lookedMs = heardMs
  const isSilent = (): boolean => now() - heardMs > longestSilenceMs
  const look = (): void => {
    heardMs += Math.max(0, now() - lookedMs - 2 * lookMs)
    lookedMs = now()
    // Timers come before what can be read, and immediates after it.
    if (isSilent()) setImmediate(judge)
  }
  const judge = (): void => {
    if (!isSilent()) return
    stop()
    onSilent()
  }
  const timer = setInterval(look, lookMs)
  const stop = (): void => clearInterval(timer)
  return {
    heard: () => {
      heardMs = now()
    },
    excused: () => {
      heardMs = now() + busyMs
    },
    stop,
  }
}
