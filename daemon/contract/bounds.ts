import * as z from 'zod'

/**
 * What any field of an event may hold at most, whoever sent it: a kernel, a recording, a tracer gone wrong. Decoding
 * cuts texts that are longer, and turns everything else that is out of range into `decode-failed`.
 */

/** 36 years of uptime. Together with `latestWallNs` no time an event leads to leaves the 64 bits SQLite has for it. */
const longestMonoNs = 2n ** 60n
/** The year 2225. */
const latestWallNs = 2n ** 63n - longestMonoNs

const within = (least: bigint, beyond: bigint) => (text: unknown) => {
  if (typeof text !== 'string' || text.length > 20 || !/^-?\d+$/.test(text)) return false
  const number = BigInt(text)
  return number >= least && number < beyond
}

/** Whether it is what `monoNsSchema` takes: asked of every record, and many times faster. */
export const isMonoNs = within(0n, longestMonoNs)
/** A moment on CLOCK_MONOTONIC, or a length of time on it, in decimal nanoseconds. */
export const monoNsSchema = z.string().refine(isMonoNs, 'is not a time a host can be up for, in nanoseconds')
/** Wall clock minus monotonic clock, in decimal nanoseconds. */
export const offsetNsSchema = z
  .string()
  .refine(within(-longestMonoNs, latestWallNs), 'leads to a time before 1970 or after 2225')

/** How many: a whole number a double holds exactly. */
export const countSchema = z.number().int().nonnegative()

/** Names: of modules (at most 55 letters), symbols (KSYM_NAME_LEN, 512), tasks, hosts. */
export const nameSchema = z.string().max(512)
/** Sentences, paths, command lines, one line of a stack. */
export const textSchema = z.string().max(4_096)
/** The beginning of what could not be read. */
export const rawTextSchema = z.string().max(500)
