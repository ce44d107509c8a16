import type { z } from 'zod'
import { type Event, eventSchema } from '../contract/event.ts'
import { checkShape } from '../raw/json-shape.ts'

/**
 * Parses JSON of a file that anybody may have made: nothing that is nested so deep, or has so many parts, that memory
 * or stack would not do.
 * @throws SyntaxError
 */
export const parseStored = (text: string): unknown => {
  checkShape(text)
  return JSON.parse(text)
}

/** An event as the record holds it. @throws SyntaxError when it is none */
export const parseStoredEvent = (text: string): Event => {
  const value = parseStored(text)
  const problem = problemOf(value)
  if (problem) throw new SyntaxError(`not an event (${problem.path.join('.')}: ${problem.message})`)
  return value as Event
}

export const isStoredEvent = (value: unknown): value is Event => problemOf(value) === undefined

/** Texts had no bounds in older records. */
const problemOf = (value: unknown): z.core.$ZodIssue | undefined =>
  eventSchema
    .safeParse(value)
    .error?.issues.find((issue) => !(issue.code === 'too_big' && issue.origin === 'string'))
