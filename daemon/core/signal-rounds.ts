import type { Event, EventKind } from '../contract/event.ts'
import type { LeftTask, SignalRound } from '../contract/signal-round.ts'
import type { BlockedTask, Transition } from '../contract/state.ts'
import { checkedBy } from './blocked.ts'
import type { CoreState } from './core-state.ts'
import { taskKey } from './task-key.ts'

/** A stall of hours has hundreds of rounds. */
const roundsKept = 20
const tasksKept = 10

/**
 * What each signal round of the running transition, or of the one this event ended, changed.
 * @param before the state before the event
 */
export const reduceSignalRounds = (state: CoreState, event: Event, before: CoreState): CoreState => {
  if (event.kind === 'transition-signalled') {
    const round = { round: event.round, at: event.time, blocked: before.blocked.size, leftTotal: 0, left: [] }
    return change(state, 'transition', (rounds) => [...rounds, round].slice(-roundsKept))
  }
  // A reversal lets all of them go, but nobody left because of a signal.
  if (before.blocked === state.blocked || !lettingGo.has(event.kind)) return state
  const ended = event.kind === 'transition-completed' || event.kind === 'transition-cancelled'
  const all = before.blocked.keys()
  const candidates =
    event.kind === 'task-switched'
      ? [taskKey(event)]
      : event.kind === 'tasks-observed'
        ? (checkedBy(before, event) ?? all)
        : all
  const gone: [number, BlockedTask][] = []
  for (const key of candidates) {
    const task = before.blocked.get(key)
    if (task && !state.blocked.has(key)) gone.push([key, task])
  }
  if (gone.length === 0) return state
  gone.sort(longestFirst)
  const left = gone.map(([key, task]) => leaving(state, event, key, task))
  return change(state, ended ? 'lastTransition' : 'transition', (rounds) => {
    const last = rounds.at(-1)
    return last ? [...rounds.slice(0, -1), withLeft(last, left)] : rounds
  })
}

const lettingGo: ReadonlySet<EventKind> = new Set([
  'task-switched',
  'tasks-observed',
  'transition-completed',
  'transition-cancelled',
])

const longestFirst = (
  [one, { since }]: [number, BlockedTask],
  [other, { since: sinceOther }]: [number, BlockedTask],
): number => (since === sinceOther ? one - other : since < sinceOther ? -1 : 1)

const withLeft = (round: SignalRound, left: LeftTask[]): SignalRound => ({
  ...round,
  leftTotal: round.leftTotal + left.length,
  left: [...round.left, ...left].slice(0, tasksKept),
})

const leaving = (state: CoreState, event: Event, key: number, { tid, comm }: BlockedTask): LeftTask => {
  const way =
    event.kind === 'task-switched'
      ? event.way
      : event.kind === 'tasks-observed' && !state.tasks.has(key)
        ? null
        : 'snapshot'
  return { tid, comm, way, at: event.time }
}

const change = (
  state: CoreState,
  which: 'transition' | 'lastTransition',
  to: (rounds: readonly SignalRound[]) => SignalRound[] | readonly SignalRound[],
): CoreState => {
  const transition: Transition | null = state[which]
  if (!transition) return state
  const rounds = to(transition.signals ?? [])
  return rounds.length === 0 ? state : { ...state, [which]: { ...transition, signals: [...rounds] } }
}
