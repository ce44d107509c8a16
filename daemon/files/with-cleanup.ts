import { constants } from 'node:os'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Does work that leaves something behind unless it is cleaned up, and cleans up however the work ends: done, failed,
 * by process.exit() or by a signal, which then ends the process with the exit code a shell gives it.
 * @param cleanup synchronous; may be called more than once
 */
export const withCleanup = async <T>(cleanup: () => void, work: () => Promise<T>): Promise<T> => {
  const interrupted = (signal: (typeof signals)[number]) => process.exit(128 + constants.signals[signal])
  for (const signal of signals) process.on(signal, interrupted)
  process.on('exit', cleanup)
  try {
    return await work()
  } finally {
    cleanup()
    process.off('exit', cleanup)
    for (const signal of signals) process.off(signal, interrupted)
  }
}
