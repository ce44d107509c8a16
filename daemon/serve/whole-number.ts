import * as z from 'zod'

/** A whole number in a query, both bounds included. Not Number(): it takes nothing for 0, and rounds beyond 2^53. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string({ error: 'has to be given once' })
    .refine(
      (text) => /^-?\d{1,16}$/.test(text) && Number(text) >= least && Number(text) <= most,
      `has to be a whole number from ${least} to ${most}`,
    )
    .transform(Number)

/** The number of an event. */
export const seqNumber = wholeNumber(0, Number.MAX_SAFE_INTEGER)
