import { readFileSync } from 'node:fs'
import type { RawRecord } from '../probes/raw-record.ts'

/** CLOCK_MONOTONIC in ns, the clock of bpf_ktime_get_ns. */
export const monotonicNs = (): string => String(process.hrtime.bigint())

/** Told this often in any case. */
const tellEveryNs = 10_000_000_000n
/** Told at once when the clocks have moved apart by this: one was set, or the host slept. */
const movedNs = 5_000_000n

/** The clocks at one moment; the wall clock with a resolution of a millisecond. */
const glance = () => {
  const monoNs = process.hrtime.bigint()
  return { monoNs, offsetNs: BigInt(Date.now()) * 1_000_000n - monoNs }
}

/** The same at the beginning of a millisecond, which is exact; it waits for one. */
const look = () => {
  const before = Date.now()
  const deadlineNs = process.hrtime.bigint() + 3_000_000n
  let seen = glance()
  while (seen.monoNs < deadlineNs && seen.monoNs + seen.offsetNs === BigInt(before) * 1_000_000n)
    seen = glance()
  return seen
}

/** CLOCK_BOOTTIME, which also runs while the host sleeps, in steps of 10 ms (fs/proc/uptime.c). */
const bootNs = (): string | undefined => {
  const seconds = /^(\d+)\.(\d\d)/.exec(readFileSync('/proc/uptime', 'utf8'))
  return seconds ? `${BigInt(`${seconds[1]}${seconds[2]}`) * 10_000_000n}` : undefined
}

/** Watches how wall clock and monotonic clock go together. @returns what to tell of it now, null when nothing is new */
export const createClockWatch = (): (() => RawRecord | null) => {
  let told: { monoNs: bigint; offsetNs: bigint } | undefined
  return () => {
    const now = glance()
    const moved = told ? now.offsetNs - told.offsetNs : movedNs
    const isNew = moved >= movedNs || moved <= -movedNs
    if (told && !isNew && now.monoNs - told.monoNs < tellEveryNs) return null
    told = look()
    const boot = bootNs()
    return {
      monoNs: String(told.monoNs),
      source: 'clock',
      wallNs: String(told.monoNs + told.offsetNs),
      ...(boot === undefined ? {} : { bootNs: boot }),
    }
  }
}
