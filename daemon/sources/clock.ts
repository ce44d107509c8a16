import type { RawRecord } from '../probes/raw-record.ts'

/** CLOCK_MONOTONIC in ns, the clock of bpf_ktime_get_ns (`nsecs` in bpftrace). */
export const monotonicNs = (): string => String(process.hrtime.bigint())

/** Both clocks, read as close together as can be; Date has millisecond resolution. */
export const readClocks = (): RawRecord => {
  const monoNs = monotonicNs()
  return {
    monoNs,
    source: 'clock',
    wallNs: String(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n),
  }
}
