import type { Response } from 'express'
import * as z from 'zod'
import type { State } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import { view } from '../core/view.ts'
import type { Past } from '../store/past.ts'
import type { Eventually } from '../store/thread-calls.ts'
import { instant } from './instant.ts'
import { notFound } from './not-found.ts'
import { seqNumber } from './whole-number.ts'

export const momentQuery = z.object({
  at: instant.optional(),
  seq: seqNumber.optional(),
})
export type Moment = z.infer<typeof momentQuery>

const seqOf = async ({ at, seq }: Moment, past: Eventually<Past>): Promise<number | null> => {
  if (seq === undefined) return past.seqAt(at ?? 0n)
  return at === undefined ? seq : Math.max(seq, (await past.seqAt(at - 1n)) ?? 0)
}

/**
 * The state at a moment. With `at` and `seq`: after event `seq`, which happened at `at`, and all that happened before;
 * some of it may have been read later. Without `at` and `seq` the present one.
 * @returns null when there is none and the response says so
 */
export const stateAtMoment = async (
  { at, seq }: Moment,
  response: Response,
  past: Eventually<Past>,
  present: CoreState,
): Promise<State | null> => {
  if (at === undefined && seq === undefined) return view(present)
  // What was just folded may not be in the record yet.
  const isPresent =
    seq === undefined ? at !== undefined && at >= parseTime(present.time) : seq === present.seq
  if (present.seq > 0 && isPresent) return view(present)
  const bounds = await past.bounds()
  if (!bounds) {
    notFound(response, 'The record holds nothing yet.', 'Leave out at and seq for the present state.')
    return null
  }
  const { first, last } = bounds
  const wanted = await seqOf({ at, seq }, past)
  if (wanted !== null && wanted >= first.seq && wanted <= last.seq) return past.viewAfter(wanted)
  const error =
    wanted === null || wanted < first.seq
      ? `The record begins at ${first.time}, with event ${first.seq}.`
      : `The record ends at ${last.time}, with event ${last.seq}.`
  notFound(response, error, 'Ask for a moment between its first and its last event.')
  return null
}
