import type { z } from 'zod'
import { type EventDraft, type EventKind, eventSchema } from './event.ts'

const withoutNumber = (schema: z.ZodObject): z.ZodObject => schema.omit({ seq: true, time: true })

const schemas: ReadonlyMap<EventKind, z.ZodObject> = new Map(
  eventSchema.options.map((option) => [option.shape.kind.value, withoutNumber(option)]),
)

/**
 * The event, if it is of the form the contract promises; texts that are too long are cut at their bound.
 * @throws Error naming the field that is out of range
 */
export const withinBounds = (draft: EventDraft): EventDraft => {
  const found = problemsOf(draft)
  if (found.length === 0) return draft
  const shortened = structuredClone(draft)
  for (const issue of found) {
    if (issue.code === 'too_big' && issue.origin === 'string')
      cut(shortened, issue.path, Number(issue.maximum))
  }
  const [problem] = problemsOf(shortened)
  if (problem) throw new Error(`${draft.kind}: ${problem.path.join('.')}: ${problem.message}`)
  return shortened
}

const problemsOf = (draft: EventDraft): z.core.$ZodIssue[] =>
  schemas.get(draft.kind)?.safeParse(draft).error?.issues ?? []

const cut = (within: unknown, path: readonly PropertyKey[], length: number): void => {
  const [key = '', ...rest] = path
  const holder = within as Record<PropertyKey, unknown>
  const value = holder[key]
  if (typeof value === 'string') holder[key] = value.slice(0, length)
  else cut(value, rest, length)
}
