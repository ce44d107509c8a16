import type { EventOf } from '../contract/event.ts'

/** What a user's own probe printed, with its name in front. */
export function describeCustomEvent(event: EventOf<'custom'>): string {
  const { probe, what, map = '', fields, omitted = 0 } = event
  const more = omitted === 0 ? '' : `; ${omitted} more`
  if (what === 'line') return `${probe}: ${fields.map(({ value }) => value).join(' / ')}${more}`
  if (what === 'tuple') return `${probe}: (${fields.map(({ value }) => value).join(', ')}${more})`
  const entries = fields.map(({ name, value }) => (name === undefined ? value : `${name}: ${value}`))
  return `${probe}: ${map} = ${entries.join(', ')}${more}`
}
