import type { Trouble } from '../core-state.ts'
import { millisecondsBetween } from '../time.ts'

/** So long is a refusal news; whoever tried to load has seen it by then, or has given up. */
const newsMs = 600_000

/** A refusal that nobody tries again becomes a note: it must not hold the headline for ever. */
export const refusalSeverity = (trouble: Trouble, now: { monoNs: string }): 'warning' | 'info' =>
  millisecondsBetween(trouble.monoNs, now.monoNs) < newsMs ? 'warning' : 'info'
