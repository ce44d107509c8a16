import type { Event } from '../daemon/contract/event.ts'
import type { protocolVersion, ServerMessage } from '../daemon/contract/message.ts'
import type { Series, State } from '../daemon/contract/state.ts'
import { visibleStrings } from '../daemon/words/visible-text.ts'

/** Repeated here because importing the value would bring zod along; the type makes a difference a type error. */
export const understoodVersion: typeof protocolVersion = 1

export type Parsed =
  | {
      kind: 'message'
      message: ServerMessage /** Events and points left out because they were malformed. */
      dropped: number
    }
  | { kind: 'incompatible'; serverVersion: number }
  | { kind: 'malformed'; why: string }

type Fields = Record<string, unknown>
type Point = Extract<ServerMessage, { type: 'changes' }>['points'][number]

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isNumber = (value: unknown): value is number => typeof value === 'number'
const isString = (value: unknown): value is string => typeof value === 'string'
const isNullable = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value)

/** The shape of each key of State as deep as views rely on without looking. */
const stateChecks: { [K in keyof State]: (value: unknown) => boolean } = {
  seq: isNumber,
  time: isString,
  monoNs: isString,
  headline: (v) => isFields(v) && isString(v.level) && isString(v.text),
  host: isNullable(isFields),
  tracer: (v) =>
    isFields(v) &&
    isString(v.status) &&
    Array.isArray(v.probeSets) &&
    Array.isArray(v.causes) &&
    Array.isArray(v.gaps),
  record: (v) => isFields(v) && isString(v.status),
  transition: isNullable((v) => isFields(v) && isString(v.patch)),
  lastTransition: isNullable((v) => isFields(v) && isString(v.patch)),
  baseline: isNullable(isFields),
  tasks: isFields,
  blocked: Array.isArray,
  blockedTotal: isNumber,
  patches: Array.isArray,
  functions: (v) => isFields(v) && Array.isArray(v.items),
  shadow: (v) => isFields(v) && Array.isArray(v.ids),
  findings: Array.isArray,
}

function stateFault(state: unknown, whole: boolean): string | null {
  if (!isFields(state)) return 'no state'
  for (const [key, check] of Object.entries(stateChecks)) {
    if (!(key in state) && !whole) continue
    if (!check(state[key])) return `state.${key} has another shape`
  }
  return null
}

const isEvent = (value: unknown): value is Event =>
  isFields(value) && isNumber(value.seq) && isString(value.time) && isString(value.kind)

const isValue = isNullable((value) => isNumber(value) && Number.isFinite(value))

const isPoint = (value: unknown): value is Point =>
  isFields(value) && isString(value.name) && isNumber(value.time) && isValue(value.value)

const isSeries = (value: unknown): value is Series =>
  isFields(value) &&
  isString(value.name) &&
  Array.isArray(value.times) &&
  Array.isArray(value.values) &&
  value.times.length === value.values.length

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * One WebSocket text to a message whose shape can be relied on and whose strings are harmless to show. What does
 * not fit is counted by the caller and shown as tracer health; it never stops the page.
 */
export function parseMessage(text: string): Parsed {
  const raw = visibleStrings(parseJson(text))
  if (!isFields(raw)) return { kind: 'malformed', why: 'not a JSON object' }
  const whole = raw.type === 'snapshot'
  if (whole && raw.protocolVersion !== understoodVersion) {
    return { kind: 'incompatible', serverVersion: Number(raw.protocolVersion) }
  }
  if (!whole && raw.type !== 'changes') return { kind: 'malformed', why: `message type ${String(raw.type)}` }
  if (!isNumber(raw.seq) || !Array.isArray(raw.events))
    return { kind: 'malformed', why: 'no seq or no events' }
  const fault = stateFault(raw.state, whole)
  if (fault !== null) return { kind: 'malformed', why: fault }
  const rest = whole ? raw.series : raw.points
  if (!Array.isArray(rest)) return { kind: 'malformed', why: whole ? 'no series' : 'no points' }

  const events = raw.events.filter(isEvent)
  const kept = rest.filter((item) => (whole ? isSeries(item) : isPoint(item)))
  const dropped = raw.events.length - events.length + rest.length - kept.length
  const message = { ...raw, events, [whole ? 'series' : 'points']: kept } as unknown as ServerMessage
  return { kind: 'message', message, dropped }
}
