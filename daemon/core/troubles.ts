import type { Event } from '../contract/event.ts'
import type { CoreState, Trouble } from './core-state.ts'

const keptMs = 3_600_000
const kept = 50

/** Past refusals and skipped callbacks, until a later event makes them history, or an hour has passed. */
export const reduceTroubles = (state: CoreState, event: Event, before: CoreState): CoreState => {
  const troubles = isOtherBoot(state, before) ? [] : next(state, event)
  return troubles === state.troubles ? state : { ...state, troubles }
}

/** What another kernel refused says nothing of this one; its clock has begun anew, too. */
const isOtherBoot = ({ host }: CoreState, { host: before }: CoreState): boolean =>
  host !== null && before !== null && host.bootId !== before.bootId

const next = ({ troubles, monoNs }: CoreState, event: Event): readonly Trouble[] => {
  const without = (resolved: (trouble: Trouble) => boolean): readonly Trouble[] =>
    troubles.some(resolved) ? troubles.filter((trouble) => !resolved(trouble)) : troubles
  switch (event.kind) {
    case 'patch-load-refused':
      return [
        ...without((each) => each.kind === 'patch-load-refused' && each.patch === event.patch),
        event,
      ].slice(-kept)
    case 'module-refused':
      return [
        ...without((each) => each.kind === 'module-refused' && each.object === event.object),
        event,
      ].slice(-kept)
    case 'callback-skipped':
      // After a reversal nothing is left to undo.
      return event.reason === 'replaced' ? [...troubles, event].slice(-kept) : troubles
    case 'patch-loading':
      return without((each) => each.kind === 'callback-skipped' && each.patch === event.patch)
    case 'patch-enabled':
      return without((each) => each.kind === 'patch-load-refused' && each.patch === event.patch)
    case 'object-patched':
      return without((each) => each.kind === 'module-refused' && each.object === event.object)
    case 'patch-disabled':
    case 'patch-replaced':
      return without((each) => each.kind === 'module-refused' && each.patch === event.patch)
    case 'tasks-observed': {
      const oldest = BigInt(monoNs) - BigInt(keptMs) * 1_000_000n
      return without((each) => BigInt(each.monoNs) < oldest)
    }
    default:
      return troubles
  }
}
