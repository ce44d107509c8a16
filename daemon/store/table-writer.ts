import type { CoreState } from '../core/core-state.ts'
import type { Step } from '../engine.ts'

/**
 * Keeps some tables in line with the events. It belongs to one transaction after the other: when one fails, it is
 * to be made anew, because it remembers what it wrote.
 */
export type TableWriter = {
  /** @param before the state the event met. @param timeNs the event's time */
  take: (before: CoreState, step: Step, timeNs: bigint) => void
  /** Writes what was gathered; at the end of a transaction. */
  flush?: () => void
}
