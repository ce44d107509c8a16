import { z } from 'zod'
import { parseTime } from '../core/time.ts'

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i

/** A moment in a query, as Unix nanoseconds. */
export const instant = z.string().transform((text, context) => {
  try {
    if (rfc3339.test(text)) return parseTime(text)
  } catch {
    // Of the right form, yet on no calendar.
  }
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)} is not an RFC 3339 time such as 2026-11-20T03:31:07.250Z (a + has to be written %2B)`,
  })
  return z.NEVER
})
