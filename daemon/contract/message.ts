import * as z from 'zod'
import type { Event } from './event.ts'
import type { Series, State } from './state.ts'

/** Raised whenever an old page could misread a new server. */
export const protocolVersion = 1

/** Server to client on `/api/v1/stream`. */
export type ServerMessage =
  | {
      type: 'snapshot'
      protocolVersion: number
      seq: number
      state: State
      /** The newest events, oldest first, at most 200. */
      events: Event[]
      /** Recent series for the charts: `remaining-tasks`, and `shadow-live:0x…` per id; the last 15 minutes. */
      series: Series[]
    }
  | {
      type: 'changes'
      seq: number
      /** Top-level keys of State that changed; each replaces the old value whole. */
      state: Partial<State>
      events: Event[]
      /** Points to append to the named series. */
      points: { name: string; time: number; value: number | null }[]
    }

/**
 * Client to server: asks for what came after `resume`; answered by `changes` or a fresh `snapshot`, and then by all that
 * follows. Null, or nothing within 250 ms of connecting: the snapshot.
 */
export const clientMessageSchema = z.object({ resume: z.number().int().nonnegative().nullable() })
export type ClientMessage = z.infer<typeof clientMessageSchema>

/** Every answer over HTTP has it, with the version of the protocol: by it a client knows who answers. */
export const protocolHeader = 'Klpscope-Protocol'

/** Every error of the HTTP API: what is wrong, and the remedy. */
export type ApiError = { error: string; remedy: string }
