import { createHash } from 'node:crypto'
import { type CoreState, initialState } from '../core/core-state.ts'

/**
 * Raised whenever something in the state takes another form (test/unit/store/serialize-state.test.ts tells):
 * checkpoints of another form are of no use, their states are folded anew from the events.
 */
const formVersion = 5

const paths = (value: unknown, path = ''): string[] =>
  typeof value === 'object' && value !== null && !(value instanceof Map) && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, inner]) => paths(inner, `${path}.${key}`))
    : [path]

/** What form a state has: names the keys every state has, and counts what else changed. */
export const stateVersion = `${formVersion}-${createHash('sha256').update(paths(initialState).sort().join()).digest('hex').slice(0, 8)}`

/** A state as JSON: maps become arrays of entries. */
export const serializeState = (state: CoreState): string =>
  JSON.stringify({
    ...state,
    tasks: [...state.tasks],
    blocked: [...state.blocked],
    findings: [...state.findings],
    shadow: { ...state.shadow, ids: [...state.shadow.ids] },
  })

/** The inverse of serializeState. */
export const deserializeState = (text: string): CoreState => {
  const plain = JSON.parse(text)
  return {
    ...plain,
    tasks: new Map(plain.tasks),
    blocked: new Map(plain.blocked),
    findings: new Map(plain.findings),
    shadow: { ...plain.shadow, ids: new Map(plain.shadow.ids) },
  }
}
