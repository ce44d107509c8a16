import type { CoreState } from '../core/core-state.ts'

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
