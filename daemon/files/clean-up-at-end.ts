import { constants } from 'node:os'
import { setImmediate as turn } from 'node:timers/promises'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const cleanups = new Set<() => void>()
let listening = false

/**
 * Cleans up when the process ends before it is taken back: by process.exit() or by a signal, which then ends the
 * process with the exit code a shell gives it, unless somebody else listens for it too.
 * @param cleanup synchronous
 * @returns takes it back: with none left, signals soon end the process at once again, whatever it is doing
 */
export const cleanUpAtEnd = (cleanup: () => void): (() => void) => {
  cleanups.add(cleanup)
  listen()
  return () => {
    if (!cleanups.delete(cleanup)) return
    // One that came just now would be lost.
    void signalsHeard().then(unlisten)
  }
}

/** Signals that came while this thread was busy have been heard: the loop has polled for them between these turns. */
export const signalsHeard = async (): Promise<void> => {
  await turn()
  await turn()
}

const cleanUp = (): void => {
  for (const cleanup of cleanups) cleanup()
}

const interrupted = (signal: (typeof signals)[number]): void => {
  if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
}

const listen = (): void => {
  if (listening) return
  listening = true
  process.on('exit', cleanUp)
  for (const signal of signals) process.on(signal, interrupted)
}

const unlisten = (): void => {
  if (cleanups.size > 0) return
  listening = false
  process.off('exit', cleanUp)
  for (const signal of signals) process.off(signal, interrupted)
}
