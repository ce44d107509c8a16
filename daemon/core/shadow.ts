import type { Event, ShadowCount } from '../contract/event.ts'
import type { ShadowId } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'
import { millisecondsBetween } from './time.ts'

/** Shadow variables per id. The counts are the kernel side's; single events change nothing here. */
export const reduceShadow = (state: CoreState, event: Event): CoreState => {
  const { shadow } = state
  switch (event.kind) {
    case 'shadow-adopted':
      return { ...state, shadow: { ...shadow, adoption: event.complete ? 'complete' : 'unavailable' } }
    case 'tracer-gap':
      // The counters died with their tracer; the next one counts anew.
      return event.source === 'bpftrace'
        ? { ...state, shadow: { ids: new Map(), adoption: 'pending', countedMonoNs: null } }
        : state
    case 'shadow-counts': {
      const seconds = shadow.countedMonoNs
        ? millisecondsBetween(shadow.countedMonoNs, event.monoNs) / 1000
        : 0
      const ids = new Map(shadow.ids)
      for (const count of event.counts) ids.set(count.id, countId(shadow.ids.get(count.id), count, seconds))
      return { ...state, shadow: { ...shadow, ids, countedMonoNs: event.monoNs } }
    }
    default:
      return state
  }
}

const countId = (before: ShadowId | undefined, count: ShadowCount, seconds: number): ShadowId => {
  const rate = (now: number, then: number) => (seconds > 0 ? Math.max(0, (now - then) / seconds) : 0)
  const [onlySize] = count.sizesBytes.length === 1 ? count.sizesBytes : []
  // More than came and stayed under the tracer: some are older than it, and may have another size.
  const allSeen = count.live !== null && count.live <= count.allocated - count.freed
  return {
    ...count,
    liveBytes: count.live !== null && onlySize !== undefined && allSeen ? count.live * onlySize : null,
    allocatedPerS: rate(count.allocated, before?.allocated ?? 0),
    freedPerS: rate(count.freed, before?.freed ?? 0),
    owner: before?.owner ?? null,
  }
}
