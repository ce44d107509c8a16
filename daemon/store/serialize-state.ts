import { createHash } from 'node:crypto'
import { isOrdered, OrderedMap } from 'immutable'
import { type CoreState, initialState } from '../core/core-state.ts'
import { derive } from '../core/derive.ts'
import { parseStored } from './stored-json.ts'

/**
 * Raised whenever something in the state takes another form (test/unit/store/serialize-state.test.ts tells):
 * checkpoints of another form are of no use, their states are folded anew from the events.
 */
const formVersion = 10

const { derived: _, ...stored } = initialState

const paths = (value: unknown, path = ''): string[] =>
  typeof value === 'object' && value !== null && !isOrdered(value) && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => paths(inner, `${path}.${key}`))
    : [path]

/** What form a state has: names the keys every state has, and counts what else changed. */
export const stateVersion = `${formVersion}-${createHash('sha256').update(paths(stored).sort().join()).digest('hex').slice(0, 8)}`

/** A state as JSON: maps become arrays of entries. */
export const serializeState = (state: CoreState): string =>
  JSON.stringify({
    ...state,
    derived: undefined,
    tasks: [...state.tasks],
    blocked: [...state.blocked],
    triedEarly: [...state.triedEarly],
    findings: [...state.findings],
    shadow: { ...state.shadow, ids: [...state.shadow.ids] },
  })

type Plain<T> = T extends OrderedMap<infer K, infer V> ? [K, V][] : T
type PlainObject<T> = { [K in keyof T]: Plain<T[K]> }
type PlainState = PlainObject<Omit<CoreState, 'derived' | 'shadow'>> & {
  shadow: PlainObject<CoreState['shadow']>
}

/** The inverse of serializeState. @throws SyntaxError, TypeError */
export const deserializeState = (text: string): CoreState => {
  const plain = parseStored(text) as PlainState
  const blocked: CoreState['blocked'] = OrderedMap(plain.blocked)
  const findings: CoreState['findings'] = OrderedMap(plain.findings)
  return {
    ...plain,
    tasks: OrderedMap(plain.tasks),
    blocked,
    triedEarly: OrderedMap(plain.triedEarly),
    findings,
    shadow: { ...plain.shadow, ids: OrderedMap(plain.shadow.ids) },
    derived: derive({ blocked, findings }),
  }
}
