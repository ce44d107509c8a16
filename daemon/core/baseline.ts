import type { Event } from '../contract/event.ts'
import type { Baseline } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'

/** Older ones tell little of the host as it is today. */
const kept = 100
/** With fewer, a percentile says nothing. */
const enough = 5

/** Durations of transitions that ran their course: begun before our eyes, neither turned round nor forced. */
export const reduceBaseline = (state: CoreState, event: Event, before: CoreState): CoreState => {
  if (event.kind !== 'transition-completed') return state
  const { lastTransition: last, pastDurationsMs } = state
  if (last === null || last.id !== before.transition?.id || last.outcome !== 'completed') return state
  if (last.endedAt !== event.time || !last.startKnown || last.forced || last.reversals > 0) return state
  return { ...state, pastDurationsMs: [...pastDurationsMs, last.durationMs].slice(-kept) }
}

/** What is usual on this host; null while too few transitions are known. */
export const baselineOf = ({ pastDurationsMs }: CoreState): Baseline | null => {
  const ascending = [...pastDurationsMs].sort((a, b) => a - b)
  if (ascending.length < enough) return null
  // Nearest rank.
  const percentile = (share: number): number => ascending[Math.ceil(share * ascending.length) - 1] ?? 0
  return {
    transitions: ascending.length,
    medianMs: percentile(0.5),
    p95Ms: percentile(0.95),
    maxMs: percentile(1),
  }
}
