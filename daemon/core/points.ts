import type { Event } from '../contract/event.ts'
import { type FunctionIdentity, functionKey } from '../contract/function-identity.ts'
import type { Gap } from '../contract/gap.ts'
import type { CoreState } from './core-state.ts'
import type { Effect } from './effect.ts'
import { formatTime, parseTime } from './time.ts'

export const remainingSeries = 'remaining-tasks'
/** Calls per second, redirected or not. */
export const callsSeries = (func: FunctionIdentity): string => `${callsPrefix}${functionKey(func)}`
const callsPrefix = 'function-calls:'
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
  const end = (name: string, time = event.time): Effect => ({
    kind: 'point',
    name,
    time: aMillisecondAfter(time),
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
    default:
      return gapsBegun(before, after).flatMap(({ from, silent }) => silent.map((name) => end(name, from)))
  }
}

/** Gaps are told once they are over, or well begun: the lines of what was not seen end where they began. */
const gapsBegun = (before: CoreState, after: CoreState): { from: string; silent: string[] }[] => {
  const { gaps } = after.tracer
  if (gaps === before.tracer.gaps) return []
  const known = new Set(before.tracer.gaps.map(({ source, from }) => `${source} ${from}`))
  return gaps
    .filter(({ source, from }) => !known.has(`${source} ${from}`))
    .map((gap) => ({ from: gap.from, silent: silentIn(gap, before) }))
}

/** Snapshots of tasks and calls have ways of their own: they go on while the main tracer is dead. */
const silentIn = ({ source, seen }: Gap, { shadow, functions }: CoreState): string[] => [
  ...(seen === 'nothing' ? [remainingSeries] : []),
  ...(seen === 'most' ? [] : [...shadow.ids.keys()].map(shadowSeries)),
  ...(seen === 'nothing' || source === 'function-calls'
    ? Object.keys(functions.calls).map((key) => `${callsPrefix}${key}`)
    : []),
]

const aMillisecondAfter = (time: string): string => formatTime(parseTime(time) + 1_000_000n)
