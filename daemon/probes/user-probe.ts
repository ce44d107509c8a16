import type { EventDraft, EventOf } from '../contract/event.ts'
import {
  type UserField,
  userFieldsMost,
  userProbeSource,
  userValueLength,
  userValuesLength,
} from '../contract/user-probe.ts'
import { type BpftraceMessage, readBpftraceLine } from '../raw/bpftrace-output.ts'
import { printableText } from '../raw/printable.ts'
import type { RawRecord } from './raw-record.ts'

type UserProbeRecord = Extract<RawRecord, { source: 'user-probe' }>
type Custom = Pick<EventOf<'custom'>, 'what' | 'map'> & { fields: { name?: string; value: unknown }[] }

/** What a user's own bpftrace script printed becomes `custom`, whatever it is, and what it lost `events-lost`. */
export const decodeUserProbe = (record: UserProbeRecord): EventDraft[] => {
  const { monoNs, probe } = record
  const lost = (count: number, reason: string): EventDraft[] => [
    { kind: 'events-lost', monoNs, source: userProbeSource(probe), count, reason },
  ]
  if ('lost' in record) return lost(record.lost, record.reason)
  const message = readBpftraceLine(record.line)
  if (message?.type === 'attached_probes') return []
  const dropped = message && lostEvents(message)
  if (dropped) return lost(dropped, 'bpftrace could not read them as fast as they came')
  const { what, map, fields } = message ? customOf(message) : lines(record.line)
  const named = map === undefined ? {} : { map: textOf(map, nameLength) }
  return [{ kind: 'custom', monoNs, probe, what, ...named, ...bounded(fields) }]
}

const lostEvents = ({ type, data }: BpftraceMessage): number | null => {
  if (type !== 'lost_events') return null
  const count = Number((data as { events?: unknown } | null)?.events)
  return Number.isSafeInteger(count) && count > 0 ? count : null
}

const customOf = (message: BpftraceMessage): Custom => {
  const { type, data } = message
  if (type === 'value')
    return {
      what: 'tuple',
      fields: isObject(data) ? entries(data) : [data].flat().map((value) => ({ value })),
    }
  if (isObject(data)) {
    const [[map, held] = ['', undefined], ...others] = Object.entries(data)
    if (map.startsWith('@') && others.length === 0) return { what: 'map', map, fields: mapFields(held) }
  }
  return lines(typeof data === 'string' ? data : JSON.stringify(data))
}

/** One printf may print several. */
const lines = (text: string): Custom => ({
  what: 'line',
  fields: text
    .replace(/\n+$/, '')
    .split('\n')
    .map((value) => ({ value })),
})

/** A map with keys, one without, or a histogram: a list of buckets. */
const mapFields = (held: unknown): Custom['fields'] => {
  if (Array.isArray(held)) return held.map(bucket)
  return isObject(held) ? entries(held) : [{ value: held }]
}

const bucket = (held: unknown): Custom['fields'][number] => {
  if (!isObject(held) || !('count' in held)) return { value: held }
  const { min = '', max = '', count } = held
  return { name: `${min}..${max}`, value: count }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const entries = (held: Record<string, unknown>): Custom['fields'] =>
  Object.entries(held).map(([name, value]) => ({ name, value }))

/** As many fields as are told, and how many more there were. */
const bounded = (fields: Custom['fields']): { fields: UserField[]; omitted?: number } => {
  const told: UserField[] = []
  let length = 0
  for (const { name, value } of fields.slice(0, userFieldsMost)) {
    const field = { ...(name === undefined ? {} : { name: textOf(name, nameLength) }), value: scalar(value) }
    length += String(field.value).length + (name?.length ?? 0)
    if (told.length > 0 && length > userValuesLength) break
    told.push(field)
  }
  const omitted = fields.length - told.length
  return omitted > 0 ? { fields: told, omitted } : { fields: told }
}

const nameLength = 200

const scalar = (value: unknown): UserField['value'] => {
  if (typeof value === 'boolean' || Number.isFinite(value)) return value as boolean | number
  return textOf(typeof value === 'string' ? value : JSON.stringify(value), userValueLength)
}

/** A stack in a tuple or a map's key is a line of several. */
const stackLineEnd = /\n(?: +|$)/g

const textOf = (text: string, length: number): string => {
  const seen = printableText(text.slice(0, length).replace(stackLineEnd, ' ').trimEnd())
  return seen.length <= length && text.length <= length ? seen : `${seen.slice(0, length - 1)}…`
}
