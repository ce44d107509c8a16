import type { Event, EventKind, EventOf } from '../contract/event.ts'
import type { Phases } from '../contract/phases.ts'
import type { Transition, TransitionOutcome } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'
import { beginPhases, momentOf, reversedPhases } from './phases.ts'
import { millisecondsBetween } from './time.ts'

const steps: ReadonlySet<EventKind> = new Set([
  'transition-completed',
  'transition-cancelled',
  'transition-reversed',
  'transition-forced',
  'transition-signalled',
  'transition-tried',
  'transition-finishing',
])

/** Whether an event is a step of a transition of this patch; other kinds of events are of whichever runs. */
export const isStepOf = (patch: string, { kind, patch: of }: Pick<Event, 'kind' | 'patch'>): boolean =>
  !steps.has(kind) || of === patch

/** A step that was read late: another transition has started since. */
export const isLateStep = ({ transition }: CoreState, event: Event): boolean =>
  transition !== null &&
  !isStepOf(transition.patch, event) &&
  BigInt(event.monoNs) < BigInt(transition.startedMonoNs)

/**
 * The kernel runs one transition at a time (klp_transition_patch in kernel/livepatch/transition.c): a step of another
 * patch's says that the one known to run has ended while nobody saw it.
 */
export const endUnseen = (state: CoreState, event: Event): CoreState =>
  state.transition && !isStepOf(state.transition.patch, event)
    ? end(state, state.transition, event, 'unknown')
    : state

/** The running transition and the last one that ended. */
export const reduceTransition = (state: CoreState, event: Event): CoreState => {
  if (event.kind === 'transition-started') return start(state, event)
  const running = state.transition
  if (!running) return event.kind === 'transition-cancelled' ? cancelledBeforeStart(state, event) : state
  const change = (to: Partial<Transition>): CoreState => ({ ...state, transition: { ...running, ...to } })
  switch (event.kind) {
    case 'transition-completed':
      return end(state, running, event, 'completed')
    case 'transition-cancelled':
      return end(state, running, event, 'cancelled')
    case 'transition-reversed':
      return change({
        direction: event.direction,
        reversals: running.reversals + 1,
        reversedMonoNs: event.monoNs,
        stalled: false,
        ...reversedPhases(running, event),
      })
    case 'transition-forced':
      return change({ forced: true, ...insideNow(state) })
    case 'transition-signalled':
      return change({ signalRounds: event.round })
    case 'tasks-switched':
      return change({ switched: event.counts })
    case 'tasks-observed':
      return change({ ...lasting(state, running, event), remaining: event.remaining ?? running.remaining })
    case 'transition-finishing':
      return change({ remaining: 0, stalled: false })
    case 'patches-observed':
      if (event.patches.some((patch) => patch.inTransition)) return change(lasting(state, running, event))
      // Only a fresh run can find that a transition it remembers ended while nobody looked.
      return event.first ? end(state, running, event, 'unknown') : state
    default:
      return state
  }
}

/** How long it has lasted, and whether that is too long. */
const lasting = (
  state: CoreState,
  running: Transition,
  { monoNs }: Event,
): Pick<Transition, 'durationMs' | 'stalled'> => {
  // Once every task has switched, only the kernel's finishing can last too long; turned round, it begins anew.
  const since = running.phases?.lastSwitched?.monoNs ?? running.reversedMonoNs ?? running.startedMonoNs
  return {
    durationMs: millisecondsBetween(running.startedMonoNs, monoNs),
    stalled: millisecondsBetween(since, monoNs) > state.stalledAfterMs,
  }
}

const start = (state: CoreState, event: EventOf<'transition-started'>): CoreState => {
  const running = state.transition
  // Seen again: by the probe after sysfs showed it, or by a restarted daemon.
  if (running && running.id === event.transition) {
    if (event.adopted) return state
    const transition = {
      ...running,
      direction: event.direction,
      replace: event.replace ?? running.replace,
      startedAt: event.time,
      startedMonoNs: event.monoNs,
      startKnown: true,
      requester: event.requester ?? running.requester,
      phases: beginPhases(event.direction, momentOf(event, true)),
    }
    return { ...state, transition }
  }
  return {
    ...state,
    lastTransition: running ? { ...running, outcome: 'unknown', stalled: false } : state.lastTransition,
    transition: {
      id: event.transition ?? String(event.seq),
      startedSeq: event.seq,
      patch: event.patch,
      direction: event.direction,
      replace: event.replace ?? null,
      startedAt: event.time,
      startedMonoNs: event.monoNs,
      startKnown: !event.adopted,
      endedAt: null,
      outcome: 'running',
      durationMs: 0,
      stalled: false,
      requester: event.requester ?? null,
      reversals: 0,
      forced: false,
      signalRounds: 0,
      remaining: null,
      switched: {},
      phases: phasesAtStart(event),
    },
  }
}

/** One that was already running when first seen has been tried before. */
const phasesAtStart = (event: EventOf<'transition-started'>): Phases => {
  const started = momentOf(event, !event.adopted)
  const phases = beginPhases(event.direction, started)
  return event.adopted ? { ...phases, firstTryBegan: started, firstTryEnded: started } : phases
}

const insideKept = 20

/** Sleeping tasks keep running the code they sleep in, whatever their patch state says from now on. */
const insideNow = ({ blocked, triedEarly }: CoreState): Pick<Transition, 'forcedWhileIn'> => {
  const inside = [...blocked.values(), ...triedEarly.values()].flatMap((task) =>
    task.reason === 'sleeping-on-function' && task.function !== null
      ? [{ tid: task.tid, comm: task.comm, function: task.function }]
      : [],
  )
  return inside.length > 0 ? { forcedWhileIn: inside.slice(0, insideKept) } : {}
}

const end = (state: CoreState, running: Transition, event: Event, outcome: TransitionOutcome): CoreState => ({
  ...state,
  transition: null,
  lastTransition: {
    ...running,
    outcome,
    endedAt: event.time,
    durationMs: millisecondsBetween(running.startedMonoNs, event.monoNs),
    stalled: false,
    remaining: outcome === 'completed' ? 0 : running.remaining,
  },
})

/** A pre-patch callback failed: the transition ends before klp_start_transition ever ran. */
const cancelledBeforeStart = (state: CoreState, event: EventOf<'transition-cancelled'>): CoreState =>
  end(
    state,
    {
      id: event.transition ?? String(event.seq),
      startedSeq: event.seq,
      patch: event.patch,
      direction: event.direction,
      replace: null,
      startedAt: event.time,
      startedMonoNs: event.monoNs,
      startKnown: false,
      endedAt: null,
      outcome: 'running',
      durationMs: 0,
      stalled: false,
      requester: event.pid === undefined ? null : { pid: event.pid, comm: event.comm ?? '' },
      reversals: 0,
      forced: false,
      signalRounds: 0,
      remaining: null,
      switched: {},
    },
    event,
    'cancelled',
  )

/**
 * How many tasks switched without ever being blocked. Those born in the target state did not switch, and come and go.
 */
export const countSwitched = ({ switched: { forked: _, ...ways } }: Pick<Transition, 'switched'>): number =>
  Object.values(ways).reduce((sum, count) => sum + count, 0)
