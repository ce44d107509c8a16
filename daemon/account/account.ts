import type { AccountStatus } from '../contract/account.ts'
import type { Event, EventKind, EventOf } from '../contract/event.ts'
import { type LossPlace, lossPlaceSchema } from '../contract/loss-place.ts'
import type { AccountFile } from './account-file.ts'

/** A loss that has a place of its own: not one that a source or the record queue tells of itself. */
export type OwnPlace = Exclude<LossPlace, 'kernel' | 'record-queue'>

/**
 * What became of every event, from its arrival until the record has it or counts it as lost. One account for all
 * places: each says what happened there, and every event is in exactly one.
 */
export type Account = {
  /** What is to be decoded was read. */
  arrived: (count: number) => void
  /** It is decoded now, or says nothing of what happened: what comes of it is counted by itself. */
  left: (count: number) => void
  /** Events that are not known any more are lost. */
  lost: (place: OwnPlace, count: number) => void
  /** An event has its number, and is to be recorded. */
  numbered: (event: Event) => void
  /**
   * A numbered event will not be recorded. What it tells of as lost is carried over: it counts here from now on.
   * @returns how many are lost with it, itself included
   */
  dropped: (place: 'record-queue' | 'stop', event: Dropped) => number
  /** The record accounts for all up to `seq`: with `events` more, which tell of `told` lost ones. */
  recorded: (events: number, told: number, seq: number) => void
  /** What was lost and nobody told of yet, to be told of now. */
  takeUntold: () => [OwnPlace, number][]
  /** Whether there is any. */
  hasUntold: () => boolean
  status: () => AccountStatus
  /** Everything that arrived and that the record neither has nor counts as lost. It dies with the process. */
  open: () => number
  /** What is open now is to be known to the next start, should the process be killed. */
  save: () => void
}

/** What an event says about lost ones: an `events-lost` with its place and number. */
export type Dropped =
  | Pick<EventOf<'events-lost'>, 'kind' | 'place' | 'count'>
  | { kind: Exclude<EventKind, 'events-lost'> }

/** Of an `events-lost` without a place only its source knows. */
export const placeOf = (event: Pick<EventOf<'events-lost'>, 'place'>): LossPlace => event.place ?? 'kernel'

/** @param file where what is open outlives the process */
export const createAccount = (file?: Pick<AccountFile, 'save' | 'recordedUpTo'>): Account => {
  const lost = Object.fromEntries(lossPlaceSchema.options.map((place) => [place, 0])) as AccountStatus['lost']
  let untold = new Map<OwnPlace, number>()
  let emitted = 0
  let recorded = 0
  let waiting = 0
  let open = 0

  const lose = (place: OwnPlace, count: number): void => {
    if (count === 0) return
    emitted += count
    lost[place] += count
    untold.set(place, (untold.get(place) ?? 0) + count)
  }
  return {
    arrived: (count) => {
      open += count
    },
    left: (count) => {
      open -= count
    },
    lost: (place, count) => {
      open += count
      lose(place, count)
    },
    numbered: (event) => {
      emitted++
      waiting++
      open++
      // What has another place was counted there, when it was lost.
      if (event.kind !== 'events-lost' || placeOf(event) !== 'kernel') return
      emitted += event.count
      lost.kernel += event.count
      open += event.count
    },
    dropped: (place, event) => {
      const told = event.kind === 'events-lost' ? event.count : 0
      if (event.kind === 'events-lost') lost[placeOf(event)] -= told
      waiting--
      lost[place] += 1 + told
      if (place === 'stop') untold.set(place, (untold.get(place) ?? 0) + 1 + told)
      return 1 + told
    },
    recorded: (events, told, seq) => {
      recorded += events
      waiting -= events
      open -= events + told
      file?.recordedUpTo(seq, open)
    },
    takeUntold: () => {
      const taken = [...untold]
      untold = new Map()
      return taken
    },
    hasUntold: () => untold.size > 0,
    status: () => ({ emitted, recorded, waiting, lost: { ...lost } }),
    open: () => open,
    save: () => file?.save(open),
  }
}
