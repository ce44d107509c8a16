import type { Callback, EventOf } from '../contract/event.ts'
import type { Patch, PatchCallback } from '../contract/state.ts'

const fresh = (object: string, name: Callback): PatchCallback => ({
  object,
  name,
  outcome: 'not-called',
  returned: null,
  cause: null,
  at: null,
  basis: null,
})

/** The callbacks a patch has for one object; what is known of them already stays. */
export const registerCallbacks = (patch: Patch, object: string, names: readonly Callback[]): Patch => {
  const known = patch.callbacks ?? []
  const added = names.filter((name) => !known.some((each) => each.object === object && each.name === name))
  return { ...patch, callbacks: [...known, ...added.map((name) => fresh(object, name))] }
}

/** What became of a callback. */
export const markCallback = (patch: Patch, event: EventOf<'callback-called' | 'callback-skipped'>): Patch => {
  const { object, callback, basis, time } = event
  const registered = registerCallbacks(patch, object, [callback])
  const skipped = event.kind === 'callback-skipped'
  return {
    ...registered,
    callbacks: (registered.callbacks ?? []).map((each) =>
      each.object === object && each.name === callback
        ? {
            ...each,
            outcome: skipped ? 'skipped' : 'called',
            returned: skipped ? null : (event.returned ?? null),
            cause: skipped ? event.cause : null,
            at: time,
            basis: basis ?? null,
          }
        : each,
    ),
  }
}
