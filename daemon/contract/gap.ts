import * as z from 'zod'

/**
 * What still spoke in a gap. `nothing`: nobody (the daemon did not run, the host slept). `polling`: sysfs, /proc and the
 * kernel log, which are looked at; no probe was attached. `most`: everything but the gap's source.
 */
export const gapSeenSchema = z.enum(['nothing', 'polling', 'most'])
export type GapSeen = z.infer<typeof gapSeenSchema>

export const gapSchema = z.object({
  /**
   * Who was silent: `daemon`, `host`, `tracer` (`bpftrace` in earlier records), `probes` that were attached,
   * `the probe of FUNCTION`, or a part of the observer.
   */
  source: z.string(),
  from: z.string(),
  /** Of one that lasts: the newest moment it was told of. */
  to: z.string(),
  reason: z.string(),
  seen: gapSeenSchema,
  /** Present while it lasts. */
  lasts: z.literal(true).optional(),
})
/** A stretch of time in which something was not observed. */
export type Gap = z.infer<typeof gapSchema>
