import type { Callback } from '../contract/callback.ts'
import type { EventOf } from '../contract/event.ts'
import type { InventoriedObject, InventoriedPatch } from '../contract/inventory.ts'
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

/** What the kernel's own structures say of a patch that was there before the probes. */
export const adoptInventory = (patch: Patch, inventoried: InventoriedPatch): Patch => {
  const { states, forced, objects } = inventoried
  if (patch.callbacks !== null && patch.states !== null) return { ...patch, states, forced }
  const callbacks = objects.flatMap((object) =>
    names
      .filter((name) => object.callbacks[name] !== undefined)
      .map((name) => ({ ...fresh(object.name, name), ...ranBefore(name, object, patch) })),
  )
  return { ...patch, states, forced, callbacks }
}

const names: readonly Callback[] = ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch']

/** A patched object has had its pre_patch, and its post_patch once the transition was over. */
const ranBefore = (name: Callback, object: InventoriedObject, patch: Patch): Partial<PatchCallback> => {
  if (!object.patched) return {}
  if (name === 'pre_patch') return { outcome: 'called', returned: 0, basis: 'inferred' }
  return name === 'post_patch' && !patch.inTransition ? { outcome: 'called', basis: 'inferred' } : {}
}
