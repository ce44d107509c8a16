import type { EventDraft } from '../contract/event.ts'
import type { LifecycleMemory } from './lifecycle-memory.ts'

/**
 * A load went well: once its transition has been started klp_enable_patch() returns 0, which is not seen everywhere.
 * Source: kernel/livepatch/core.c, __klp_enable_patch().
 */
export const acceptLoad = ({ loads, states: inPlace }: LifecycleMemory, patch: string): EventDraft[] => {
  const load = loads.get(patch)
  if (!load) return []
  loads.delete(patch)
  const { monoNs, states } = load
  inPlace.set(patch, states)
  return [...states].map(([id, version]) => ({ kind: 'state-registered', monoNs, patch, id, version }))
}
