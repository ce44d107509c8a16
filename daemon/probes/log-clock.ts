/** How the kernel log's clock goes with CLOCK_MONOTONIC. */
export type LogClock = { offsetNs: bigint; readNs: bigint }

/** Both are made of the same counter, but only one is slewed, by at most 500 ppm (kernel/time/ntp.c, MAXFREQ). */
const driftOf = (elapsedNs: bigint): bigint => elapsedNs / 2000n

/**
 * What a line that was just read says of the log's clock (local_clock, kernel/printk/printk.c): it was written at most
 * one look before, and never after. The smallest distance seen comes closest.
 */
export const readLogClock = (before: LogClock | null, lineUs: bigint, readNs: bigint): LogClock => {
  const offsetNs = readNs - lineUs * 1000n
  if (!before) return { offsetNs, readNs }
  const most = before.offsetNs + driftOf(readNs - before.readNs)
  return { offsetNs: offsetNs < most ? offsetNs : most, readNs }
}
