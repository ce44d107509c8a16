import type { Request, Response } from 'express'
import { z } from 'zod'
import type { CoreState } from '../core/core-state.ts'
import { parseTime } from '../core/time.ts'
import type { Past } from '../store/past.ts'
import { instant } from './instant.ts'
import { notFound } from './not-found.ts'

const momentQuery = z.object({ at: instant.optional(), seq: z.coerce.number().int().min(0).optional() })

/**
 * The state a request asks for with `?at=TIME` or `?seq=N`; by default the present one.
 * @returns null when there is none and the response says so
 */
export const stateAtMoment = (
  request: Request,
  response: Response,
  past: Past,
  present: CoreState,
): CoreState | null => {
  const { at, seq } = momentQuery.parse({ at: request.query.at, seq: request.query.seq })
  if (at === undefined && seq === undefined) return present
  // What was just folded may not be in the record yet.
  const isPresent =
    seq === undefined ? at !== undefined && at >= parseTime(present.time) : seq === present.seq
  if (present.seq > 0 && isPresent) return present
  const bounds = past.bounds()
  const wanted = seq ?? past.seqAt(at ?? 0n)
  if (bounds && wanted !== null && wanted >= bounds.first.seq && wanted <= bounds.last.seq)
    return past.stateAfter(wanted)
  if (!bounds)
    notFound(response, 'The record holds nothing yet.', 'Leave out at and seq for the present state.')
  else if (wanted === null || wanted < bounds.first.seq) {
    notFound(
      response,
      `The record begins at ${bounds.first.time}, with event ${bounds.first.seq}.`,
      'Ask for that moment or a later one.',
    )
  } else
    notFound(
      response,
      `The record ends at ${bounds.last.time}, with event ${bounds.last.seq}.`,
      'Ask for that moment or an earlier one.',
    )
  return null
}
