import { cleanUpAtEnd } from './clean-up-at-end.ts'

/**
 * Does work that leaves something behind unless it is cleaned up, and cleans up however the work ends: done, failed,
 * or with the process.
 * @param cleanup synchronous; may be called more than once
 */
export const withCleanup = async <T>(cleanup: () => void, work: () => Promise<T>): Promise<T> => {
  const takeBack = cleanUpAtEnd(cleanup)
  try {
    return await work()
  } finally {
    cleanup()
    takeBack()
  }
}
