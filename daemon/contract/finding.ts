import * as z from 'zod'

export const ruleNames = [
  'transition-stalled',
  'transition-forced',
  'transition-slow',
  'shadow-left-behind',
  'shadow-duplicate',
  'shadow-size-mismatch',
  'shadow-alloc-failed',
  'shadow-count-drift',
  'callbacks-skipped',
  'patch-downgraded',
  'sticky-disabled',
  'state-incompatible',
  'load-refused',
  'load-hung',
  'patch-bypassed',
  'module-refused',
  'bpf-blocks-transition',
  'replaced-module-pinned',
  'old-code-running',
  'tracer-blind',
  'events-lost',
  'record-failing',
  'overhead-exceeded',
] as const
export type RuleName = (typeof ruleNames)[number]

/** A condition worth a person's attention: what is wrong, since when, what to do. */
export const findingSchema = z.object({
  id: z.string(),
  rule: z.enum(ruleNames),
  severity: z.enum(['info', 'warning', 'critical']),
  /** What it is about: a patch, a transition, a shadow id. */
  subject: z.string(),
  /** One line a tired person understands. */
  summary: z.string(),
  /** Sequence numbers of the events that show it. */
  evidence: z.array(z.number().int()),
  advice: z.string(),
  /** Of `tracer-blind`: all that is not seen for this one cause. */
  lost: z.array(z.string()).optional(),
  openedAt: z.string(),
  /** Number of the event that opened it; absent from what earlier versions recorded. */
  openedSeq: z.number().int().optional(),
  closedAt: z.string().nullable(),
  ackedBy: z.string().nullable(),
})
export type Finding = z.infer<typeof findingSchema>
