import type { EventKind } from '../contract/event.ts'
import type { RecordStatus } from './record-queue.ts'
import { sampleKinds } from './sample-kinds.ts'

/** The first to do without. */
const samples: ReadonlySet<EventKind> = new Set(sampleKinds)
/** So much of the room is for events of every kind; the rest is for what documents a transition. */
const shareForAll = 0.5
const tellEveryMs = 1_000

export type Admission = {
  /** Whether an event of this kind is to become part of what happened. One that is not is counted as lost. */
  admits: (kind: EventKind) => boolean
  /** Tells of what was not told of yet. */
  close: () => void
}

/**
 * Lets samples go before they are numbered and folded, while events come faster than the record can be written: what is
 * recorded still folds to the live state. While it cannot be written at all, observing live has precedence.
 * @param tell so many were let go since it was told last
 */
export const createAdmission = (
  status: () => Pick<RecordStatus, 'failure' | 'fill'>,
  tell: (refused: number) => void,
): Admission => {
  let refused = 0
  let timer: NodeJS.Timeout | undefined
  const tellRefused = (): void => {
    clearTimeout(timer)
    timer = undefined
    const count = refused
    refused = 0
    if (count > 0) tell(count)
  }
  return {
    admits: (kind) => {
      if (!samples.has(kind)) return true
      const { failure, fill } = status()
      if (failure || fill < shareForAll) return true
      refused++
      timer ??= setTimeout(tellRefused, tellEveryMs)
      return false
    },
    close: tellRefused,
  }
}
