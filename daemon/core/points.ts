import type { Event } from '../contract/event.ts'
import type { CoreState } from './core-state.ts'
import type { Effect } from './effect.ts'

export const remainingSeries = 'remaining-tasks'
export const shadowSeries = (id: string): string => `shadow-live:${id}`

/** The points an event adds to the charts' series; null where nothing is known from here on. */
export const pointsOf = (before: CoreState, after: CoreState, event: Event): Effect[] => {
  switch (event.kind) {
    case 'tasks-observed':
      return after.transition && event.remaining !== null ? [point(remainingSeries, event.remaining)] : []
    case 'transition-completed':
      return [point(remainingSeries, 0), point(remainingSeries, null)]
    case 'transition-cancelled':
      return [point(remainingSeries, null)]
    case 'shadow-counts':
      return [...after.shadow.ids.values()].map((id) => point(shadowSeries(id.id), id.live))
    case 'tracer-gap':
      return [
        point(remainingSeries, null),
        ...[...before.shadow.ids.keys()].map((id) => point(shadowSeries(id), null)),
      ]
    default:
      return []
  }
}

const point = (name: string, value: number | null): Effect => ({ kind: 'point', name, value })
