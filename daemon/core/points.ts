import type { Event } from '../contract/event.ts'
import { type FunctionIdentity, functionKey } from '../contract/function-identity.ts'
import type { CoreState } from './core-state.ts'
import type { Effect } from './effect.ts'
import { formatTime, parseTime } from './time.ts'

export const remainingSeries = 'remaining-tasks'
/** Calls per second, redirected or not. */
export const callsSeries = (func: FunctionIdentity): string => `function-calls:${functionKey(func)}`
export const shadowSeries = (id: string): string => `shadow-live:${id}`

/** The points an event adds to the charts' series; null where nothing is known from here on. */
export const pointsOf = (before: CoreState, after: CoreState, event: Event): Effect[] => {
  const point = (name: string, value: number | null): Effect => ({
    kind: 'point',
    name,
    time: event.time,
    value,
  })
  // A line that ends keeps its last value: the end comes a millisecond later.
  const end = (name: string): Effect => ({
    kind: 'point',
    name,
    time: aMillisecondAfter(event.time),
    value: null,
  })
  switch (event.kind) {
    case 'tasks-observed':
      return after.transition && event.remaining !== null ? [point(remainingSeries, event.remaining)] : []
    case 'transition-completed':
      if (event.transition === undefined) return []
      return [point(remainingSeries, 0), end(remainingSeries)]
    case 'transition-cancelled':
      return [end(remainingSeries)]
    case 'function-calls':
      return event.calls.map((call) => {
        const counts = after.functions.calls[functionKey(call)]
        return point(callsSeries(call), counts?.enteredPerS ?? null)
      })
    case 'shadow-counts':
      return [...after.shadow.ids.values()].map((id) => point(shadowSeries(id.id), id.live))
    case 'tracer-gap':
      return [end(remainingSeries), ...[...before.shadow.ids.keys()].map((id) => end(shadowSeries(id)))]
    default:
      return []
  }
}

const aMillisecondAfter = (time: string): string => formatTime(parseTime(time) + 1_000_000n)
