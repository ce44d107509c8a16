import * as z from 'zod'
import { switchWaySchema } from './event-parts.ts'

/** A task that stopped being blocked; `way` null: it ended. */
export const leftTaskSchema = z.object({
  tid: z.number().int(),
  comm: z.string(),
  way: switchWaySchema.nullable(),
  at: z.string(),
})
export type LeftTask = z.infer<typeof leftTaskSchema>

/** One round of signals to the remaining tasks (klp_send_signals), and what changed until the next one. */
export const signalRoundSchema = z.object({
  round: z.number().int(),
  at: z.string(),
  /** Blocked tasks when it was sent. */
  blocked: z.number().int(),
  /** How many of the tasks that were blocked stopped being so, until the next round. */
  leftTotal: z.number().int(),
  /** The first of them, at most 10. */
  left: z.array(leftTaskSchema),
})
export type SignalRound = z.infer<typeof signalRoundSchema>
