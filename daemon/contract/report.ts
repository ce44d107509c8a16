import * as z from 'zod'
import { callbackSchema } from './callback.ts'
import {
  basisSchema,
  blockReasonSchema,
  directionSchema,
  requesterSchema,
  switchWaySchema,
} from './event-parts.ts'
import { findingSchema } from './finding.ts'
import { gapSchema } from './gap.ts'
import { phaseSpanSchema, phasesSchema } from './phases.ts'
import { signalRoundSchema } from './signal-round.ts'

/**
 * The post-mortem of one transition: `klpscope report --format json`, and what the other formats are made of.
 * Fields are only added, or `reportVersion` is raised. `null` always means "not known", never zero; times are
 * RFC 3339 with nanoseconds.
 */
export const reportVersion = 1

const transitionSchema = z.object({
  id: z.string(),
  startedSeq: z.number().int().optional(),
  patch: z.string(),
  direction: directionSchema,
  replace: z.boolean().nullable(),
  startedAt: z.string(),
  startedMonoNs: z.string(),
  startKnown: z.boolean(),
  endedAt: z.string().nullable(),
  outcome: z.enum(['running', 'completed', 'cancelled', 'unknown']),
  durationMs: z.number(),
  stalled: z.boolean(),
  requester: requesterSchema.nullable(),
  reversals: z.number().int(),
  reversedMonoNs: z.string().optional(),
  forced: z.boolean(),
  forcedWhileIn: z
    .array(z.object({ tid: z.number().int(), comm: z.string(), function: z.string() }))
    .optional(),
  signalRounds: z.number().int(),
  signals: z.array(signalRoundSchema).optional(),
  remaining: z.number().int().nullable(),
  switched: z.partialRecord(switchWaySchema, z.number().int()),
  phases: phasesSchema.optional(),
  earlierPhases: z.array(phasesSchema).optional(),
})

/**
 * How a task stopped being in the way. `switched`: its switch was seen; `seen-switched`: a later look found it
 * switched; `ended-with-transition`: the transition ended, the task's own switch was not seen; `lost-sight`: nothing
 * more is known of it.
 */
export const stragglerEndSchema = z.enum([
  'switched',
  'seen-switched',
  'exited',
  'reversed',
  'ended-with-transition',
  'still-blocked',
  'lost-sight',
])
export type StragglerEnd = z.infer<typeof stragglerEndSchema>

export const stragglerReasonSchema = z.object({
  reason: blockReasonSchema,
  function: z.string().nullable(),
  blame: z.string().nullable(),
  since: z.string(),
})

/** A task that a try to switch found in the way, for one stretch of time without a reversal in it. */
export const stragglerSchema = z.object({
  tid: z.number().int(),
  pid: z.number().int(),
  comm: z.string(),
  kthread: z.boolean(),
  idle: z.boolean(),
  /** The direction of the transition it was in the way of. */
  direction: directionSchema,
  /** The first try or look that found it not switched. */
  since: z.string(),
  /** Null while it is blocked, and when its end was not seen. */
  until: z.string().nullable(),
  /** A lower bound for `still-blocked` and `lost-sight`, and when the transition's start is not known. */
  durationMs: z.number(),
  end: stragglerEndSchema,
  way: switchWaySchema.nullable(),
  /** Why, in the order seen; the last one is the newest. Empty: no try told. */
  reasons: z.array(stragglerReasonSchema),
  tries: z.number().int().nullable(),
  state: z.string().nullable(),
  cpu: z.number().int().nullable(),
  /** Kernel stack, innermost first, of the newest look that could read one. */
  stack: z.array(z.string()).nullable(),
  runs: z.string().nullable(),
  commandLine: z.string().nullable(),
  cgroup: z.string().nullable(),
  unit: z.string().nullable(),
  userUnit: z.string().nullable(),
  container: z.string().nullable(),
  pod: z.string().nullable(),
})
export type Straggler = z.infer<typeof stragglerSchema>

const timelineEntrySchema = z.object({
  seq: z.number().int(),
  time: z.string(),
  /** Since the transition began; negative before. */
  offsetMs: z.number(),
  kind: z.string(),
  text: z.string(),
})
export type TimelineEntry = z.infer<typeof timelineEntrySchema>

const callbackOutcomeSchema = z.object({
  patch: z.string(),
  object: z.string(),
  callback: callbackSchema,
  outcome: z.enum(['called', 'skipped']),
  at: z.string(),
  returned: z.number().int().nullable(),
  cause: z.string().nullable(),
  basis: basisSchema.nullable(),
})
export type CallbackOutcome = z.infer<typeof callbackOutcomeSchema>

const shadowMomentSchema = z.object({ live: z.number().int().nullable(), bytes: z.number().nullable() })
const shadowChangeSchema = z.object({
  id: z.string(),
  /** Null: the id was not seen before, or is not any more. */
  before: shadowMomentSchema.nullable(),
  after: shadowMomentSchema.nullable(),
})

const partiesSchema = z.object({
  name: z.string(),
  role: z.enum(['subject', 'replaced']),
  version: z.string().nullable(),
  srcversion: z.string().nullable(),
  /** What it patches, as `object:function`. */
  functions: z.array(z.string()),
})

const comparisonSchema = z.object({
  /** Completed transitions of this record that began before this one and whose whole duration is known. */
  others: z.number().int(),
  /** How many of them took longer. */
  longer: z.number().int(),
  medianMs: z.number().nullable(),
  /** Share of the others that took less time, 0 to 100; null with fewer than 20. */
  percentile: z.number().nullable(),
  text: z.string(),
})

export const transitionReportSchema = z.object({
  reportVersion: z.literal(reportVersion),
  /** Version of the program that made the report. */
  generator: z.string(),
  /** The newest moment the report knows of: the end of what it covers, or now for a running transition. */
  asOf: z.string(),
  host: z
    .object({ hostname: z.string(), kernel: z.string(), bootId: z.string(), cpus: z.number().int() })
    .nullable(),
  transition: transitionSchema,
  /** Which task held it up, for how long and why; what became of the transition; how sure this is. */
  summary: z.tuple([z.string(), z.string(), z.string()]),
  /** What took the time, one after the other. Empty: it never began, or an older version recorded it. */
  phases: z.array(phaseSpanSchema),
  patches: z.array(partiesSchema),
  /** All of them, longest first. Markdown and HTML tell ten in full and the others grouped by reason and time. */
  stragglers: z.array(stragglerSchema),
  /** How many they are; reports of older versions list only the first 200 of them. */
  stragglersTotal: z.number().int(),
  remaining: z.object({
    /** Unix milliseconds, ascending. */
    times: z.array(z.number()),
    /** Tasks not in the target state; null: not known from here on. */
    values: z.array(z.number().nullable()),
  }),
  timeline: z.array(timelineEntrySchema),
  /** How many entries of the timeline's middle were left out. */
  timelineLeftOut: z.number().int(),
  callbacks: z.array(callbackOutcomeSchema),
  shadow: z.object({
    /** Whether variables older than the tracer were counted in. */
    adoptionBefore: z.enum(['pending', 'complete', 'unavailable']),
    adoptionAfter: z.enum(['pending', 'complete', 'unavailable']),
    beforeAt: z.string(),
    afterAt: z.string(),
    ids: z.array(shadowChangeSchema),
  }),
  findings: z.array(findingSchema),
  comparison: comparisonSchema,
  /** Stretches of time in which something was not observed. */
  gaps: z.array(gapSchema),
  /** What this report cannot know, a sentence each. */
  blindSpots: z.array(z.string()),
})
export type TransitionReport = z.infer<typeof transitionReportSchema>
