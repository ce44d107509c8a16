import type { LossPlace } from './loss-place.ts'

/**
 * What became of every event of this run of the daemon: `emitted` is `recorded`, plus `waiting`, plus all that was
 * lost, to the unit. The unit is an event; a line that is lost before it was decoded counts as one, because what it
 * would have become is not known.
 */
export type AccountStatus = {
  emitted: number
  /** In the record, on disk. */
  recorded: number
  /** On their way into the record. */
  waiting: number
  lost: Record<LossPlace, number>
}
