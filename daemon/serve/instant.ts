import * as z from 'zod'
import { parseInstant } from '../core/time.ts'

/** A moment in a query, as Unix nanoseconds. */
export const instant = z.string({ error: 'has to be given once' }).transform((text, context) => {
  try {
    return parseInstant(text)
  } catch (error) {
    // In a query a plus stands for a blank.
    const message = `${(error as Error).message}${text.includes(' ') ? ' (a + has to be written %2B)' : ''}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  }
})
