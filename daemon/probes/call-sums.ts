/** More redirected than entered is a replacement called directly, by the patch itself: no call in flight explains it. */
const mostInFlight = 64

/** What is known of the calls of each function while it is patched, by its key. */
export type CallSums = {
  /** Entered and not redirected so far, less what was told as old: calls in flight, usually none. */
  inFlight: Map<string, number>
  /** Calls told so far. */
  sums: Map<string, { entered: number; redirected: number }>
  /** Functions whose sums cannot be, and what is said of them instead. */
  inexact: Map<string, string>
}

export const freshCallSums = (): CallSums => ({ inFlight: new Map(), sums: new Map(), inexact: new Map() })

export const forgetSums = ({ inFlight, sums, inexact }: CallSums, key: string): void => {
  for (const known of [inFlight, sums, inexact]) known.delete(key)
}

/**
 * Adds to what was told; true when more calls had reached the replacements by the look before than have entered the
 * function by this one. The original is read first: what is called between the two readings of one look has been seen
 * to be redirected before it is seen to enter, in the next look.
 */
export const exceeds = (
  { sums }: CallSums,
  key: string,
  { entered, redirected }: { entered: number; redirected: number },
): boolean => {
  const before = sums.get(key) ?? { entered: 0, redirected: 0 }
  const sum = { entered: before.entered + entered, redirected: before.redirected + redirected }
  sums.set(key, sum)
  return before.redirected > sum.entered
}

export const inexactText = ({ sums }: CallSums, key: string): string => {
  const { entered, redirected } = sums.get(key) ?? { entered: 0, redirected: 0 }
  return `not exact: ${entered} calls were seen to enter the function and ${redirected} to reach its replacement. Another probe on it keeps ours from seeing every call, or the patch calls the replacement itself`
}

export const oldCalls = ({ inFlight }: CallSums, key: string, notRedirected: number): number => {
  const open = (inFlight.get(key) ?? 0) + notRedirected
  const old = Math.max(0, open)
  inFlight.set(key, Math.max(-mostInFlight, open - old))
  return old
}
