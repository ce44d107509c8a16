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

type CallbackEvent = EventOf<'callback-entered' | 'callback-called' | 'callback-skipped'>

const outcomes = {
  'callback-entered': 'running',
  'callback-called': 'called',
  'callback-skipped': 'skipped',
} as const satisfies Record<CallbackEvent['kind'], PatchCallback['outcome']>

const runOf = ({
  monoNs,
  pid,
  comm,
}: EventOf<'callback-entered'>): NonNullable<PatchCallback['running']> => ({
  sinceMonoNs: monoNs,
  by: pid === undefined ? null : { pid, comm: comm ?? '' },
})

/** What became of a callback. */
export const markCallback = (patch: Patch, event: CallbackEvent): Patch => {
  const { object, callback, basis, time } = event
  const registered = registerCallbacks(patch, object, [callback])
  return {
    ...registered,
    callbacks: (registered.callbacks ?? []).map((each) =>
      each.object === object && each.name === callback
        ? {
            object,
            name: callback,
            outcome: outcomes[event.kind],
            returned: event.kind === 'callback-called' ? (event.returned ?? null) : null,
            cause: event.kind === 'callback-skipped' ? event.cause : null,
            at: time,
            ...(event.kind === 'callback-entered' ? { running: runOf(event) } : {}),
            basis: basis ?? null,
          }
        : each,
    ),
  }
}

/** The probes that would tell of its return are gone. */
export const forgetRunning = (patch: Patch): Patch =>
  patch.callbacks?.some((each) => each.outcome === 'running')
    ? {
        ...patch,
        callbacks: patch.callbacks.map(({ running: _, ...each }) =>
          each.outcome === 'running' ? { ...each, outcome: 'called' } : each,
        ),
      }
    : patch

type ShownObject = Patch['objects'][number]

/** Before 6.1 sysfs does not show whether an object is patched: what was seen of it otherwise stays. */
export const fillPatched = (
  objects: readonly ShownObject[],
  seen: readonly Pick<ShownObject, 'name' | 'patched'>[],
): ShownObject[] =>
  objects.map((object) => {
    if (object.patched !== undefined) return object
    const patched = seen.find(({ name }) => name === object.name)?.patched
    return patched === undefined ? object : { ...object, patched }
  })

/** What the kernel's own structures say of a patch that was there before the probes. */
export const adoptInventory = (before: Patch, inventoried: InventoriedPatch): Patch => {
  const { states, forced, objects } = inventoried
  const patch = { ...before, objects: fillPatched(before.objects, objects) }
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
