import * as z from 'zod'
import { directionSchema } from './event-parts.ts'

/** A moment of a transition. `exact` false: it had come by then; when exactly was not seen. */
export const momentSchema = z.object({ at: z.string(), monoNs: z.string(), exact: z.boolean() })
export type Moment = z.infer<typeof momentSchema>

/**
 * How far a transition has come in one direction, and when. Null: it has not come so far, or nothing was seen of it.
 * The order in the kernel: klp_start_transition, klp_try_complete_transition about once a second until it finds every
 * task switched, then klp_complete_transition (kernel/livepatch/transition.c).
 */
export const phasesSchema = z.object({
  direction: directionSchema,
  /** Its start, or the reversal that gave it this direction. */
  started: momentSchema,
  /** The first try to switch all tasks. Until it has ended, no task is in the way. */
  firstTryBegan: momentSchema.nullable(),
  firstTryEnded: momentSchema.nullable(),
  /** The newest switch of a task so far. */
  newestSwitch: momentSchema.nullable(),
  /** The switch of the last task; null while some remain. From then on the kernel alone takes the time. */
  lastSwitched: momentSchema.nullable(),
  /** The kernel is done with what the transition took away: the patch, or those that it replaced. */
  released: momentSchema.nullable(),
})
export type Phases = z.infer<typeof phasesSchema>

/**
 * A stretch of a transition. `waiting`: for the first try; `switching`: tasks; `finishing`: no task remains, and the
 * kernel removes its hooks, waits for every CPU and runs callbacks; `releasing`: what it took away.
 */
export const phaseNameSchema = z.enum(['before-reversal', 'waiting', 'switching', 'finishing', 'releasing'])
export type PhaseName = z.infer<typeof phaseNameSchema>

export const phaseSpanSchema = z.object({
  phase: phaseNameSchema,
  from: z.string(),
  /** Null: it is not over. */
  to: z.string().nullable(),
  durationMs: z.number(),
  /** `about`: neither its beginning nor its end was seen to the moment; `at-most`, `at-least`: one of them. */
  bound: z.enum(['exact', 'at-most', 'at-least', 'about']),
})
export type PhaseSpan = z.infer<typeof phaseSpanSchema>
