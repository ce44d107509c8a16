import type { Event, EventOf } from '../contract/event.ts'
import type { Direction } from '../contract/event-parts.ts'
import type { Moment, Phases } from '../contract/phases.ts'
import type { Transition } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'
import { triesInSchedule } from './kernel-abilities.ts'
import { taskKey } from './task-key.ts'
import { formatTime } from './time.ts'

/** A try walks all tasks in milliseconds; where its end is not seen, it has surely ended by then. */
const longestTryNs = 1_000_000_000n
/** A reversal is followed by no try of its own: the next was scheduled before, round_jiffies_relative(HZ) ahead. */
const nextTryNs = 2_000_000_000n
const earlierKept = 10

export const beginPhases = (direction: Direction, started: Moment): Phases => ({
  direction,
  started,
  firstTryBegan: null,
  firstTryEnded: null,
  newestSwitch: null,
  lastSwitched: null,
  released: null,
})

/** Whether the first try of the transition's direction had ended by a moment: before, nobody is in the way. */
export const hasTried = (phases: Phases | undefined, monoNs: string): boolean =>
  phases?.firstTryEnded != null && BigInt(phases.firstTryEnded.monoNs) <= BigInt(monoNs)

export const momentOf = (event: Pick<Event, 'time' | 'monoNs'>, exact: boolean): Moment => ({
  at: event.time,
  monoNs: event.monoNs,
  exact,
})

/** Follows how far the running transition comes, from what is seen of it; and the release after the last one. */
export const reducePhases = (state: CoreState, event: Event): CoreState => {
  if (event.kind === 'patch-released') return released(state, event)
  const { transition } = state
  if (!transition?.phases) return state
  const phases = follow(state, transition, surelyTried(state, transition, transition.phases, event), event)
  return phases === transition.phases ? state : { ...state, transition: { ...transition, phases } }
}

/** The phases of a transition that was reversed: those of its new direction, and all before. */
export const reversedPhases = (
  { phases, earlierPhases = [] }: Transition,
  event: EventOf<'transition-reversed'>,
): Pick<Transition, 'phases' | 'earlierPhases'> => {
  // What only sysfs tells was so for some looks before: the next try has come meanwhile.
  const late = event.basis === 'inferred'
  const started = momentOf(event, !late)
  const begun = beginPhases(event.direction, started)
  return {
    phases: late ? { ...begun, firstTryBegan: started, firstTryEnded: started } : begun,
    earlierPhases: [...earlierPhases, ...(phases ? [phases] : [])].slice(-earlierKept),
  }
}

const follow = (state: CoreState, transition: Transition, phases: Phases, event: Event): Phases => {
  switch (event.kind) {
    case 'transition-tried': {
      const began = momentAt(state, event.beganMonoNs, true)
      return { ...phases, firstTryBegan: began, firstTryEnded: momentOf(event, true) }
    }
    case 'transition-finishing': {
      const last = momentAt(state, event.lastSwitchedMonoNs, true)
      // A first try that switches all tasks ends with the last of them.
      const only = phases.firstTryEnded?.exact
        ? {}
        : { firstTryBegan: momentAt(state, event.tryBeganMonoNs, true), firstTryEnded: last }
      return { ...phases, ...only, newestSwitch: last, lastSwitched: last }
    }
    case 'transition-signalled':
      return tryEnded(phases, momentOf(event, false))
    case 'transition-forced':
      return { ...phases, newestSwitch: newer(phases.newestSwitch, momentOf(event, true)) }
    case 'tasks-switched':
      return counted(transition, phases, event)
    case 'task-switched': {
      const now = { ...phases, newestSwitch: newer(phases.newestSwitch, momentOf(event, true)) }
      return event.way === 'transition-worker' ? tryBegan(now, momentOf(event, false)) : now
    }
    case 'task-blocked':
      // It failed in a try of all tasks, which is over in milliseconds; or in its own, which finds nobody running.
      return event.reason === 'running' || triesInSchedule(state.host) !== true
        ? tryEnded(phases, momentOf(event, false))
        : phases
    case 'patches-observed':
    case 'patches-inventoried':
      return showsEnabled(transition, event) ? tryBegan(phases, momentOf(event, false)) : phases
    case 'tasks-observed':
      return observed(state, transition, phases, event)
    case 'transition-completed':
      return completed(state, phases, event)
    default:
      return phases
  }
}

/**
 * `enabled` has the value it is to have: it is written between klp_start_transition and the first try, both under
 * klp_mutex (kernel/livepatch/core.c, __klp_enable_patch, __klp_disable_patch). A reversal writes it before.
 */
const showsEnabled = (
  { patch, direction, startedMonoNs, reversals }: Transition,
  event: EventOf<'patches-observed' | 'patches-inventoried'>,
): boolean => {
  const asOf = event.kind === 'patches-inventoried' ? event.asOfMonoNs : event.monoNs
  const shown = event.patches.find(({ name }) => name === patch)
  return (
    shown !== undefined &&
    reversals === 0 &&
    BigInt(asOf) >= BigInt(startedMonoNs) &&
    shown.enabled === (direction === 'patching')
  )
}

/** Switches counted in the kernel: those by the transition worker are made in a try. */
const counted = ({ switched }: Transition, phases: Phases, event: EventOf<'tasks-switched'>): Phases => {
  const by = momentOf(event, false)
  const now = (event.counts['transition-worker'] ?? 0) > 0 ? tryEnded(phases, by) : phases
  // Once none remains, what was counted then has switched before.
  return phases.lastSwitched === null && grew(switched, event.counts)
    ? { ...now, newestSwitch: newer(now.newestSwitch, by) }
    : now
}

const grew = (before: Transition['switched'], now: Transition['switched']): boolean =>
  (Object.keys(now) as (keyof typeof now)[]).some(
    (way) => way !== 'forked' && (now[way] ?? 0) > (before[way] ?? 0),
  )

/** The first try, by the time that has passed since it was seen to have begun, or since a reversal. */
const surelyTried = (
  state: CoreState,
  { reversals }: Transition,
  phases: Phases,
  { monoNs }: Event,
): Phases => {
  if (phases.firstTryEnded) return phases
  const fromNs = phases.firstTryBegan
    ? BigInt(phases.firstTryBegan.monoNs) + longestTryNs
    : BigInt(phases.started.monoNs) + nextTryNs
  const isSure = (phases.firstTryBegan !== null || reversals > 0) && fromNs <= BigInt(monoNs)
  return isSure ? tryEnded(phases, momentAt(state, String(fromNs), false)) : phases
}

const observed = (
  state: CoreState,
  transition: Transition,
  before: Phases,
  event: EventOf<'tasks-observed'>,
): Phases => {
  let phases = before
  const target = transition.direction === 'patching' ? 1 : 0
  for (const task of event.changed) {
    const known = state.tasks.get(taskKey(task))
    // A task that was not there before has the patch state it was born with.
    if (task.patchState !== target || known?.startNs !== task.startNs || known.patchState === target) continue
    const by = momentAt(state, task.asOfMonoNs ?? event.monoNs, false)
    phases = { ...phases, newestSwitch: newer(phases.newestSwitch, by) }
  }
  if (event.remaining === null) return phases
  const none = phases.newestSwitch ?? momentOf(event, false)
  return { ...phases, lastSwitched: event.remaining === 0 ? none : null }
}

/** All had switched by then; when the last one did is known if it was seen, and no other was known to remain. */
const completed = (state: CoreState, phases: Phases, event: Event): Phases => {
  const by = momentOf(event, false)
  const { newestSwitch } = phases
  const seen = newestSwitch?.exact === true && state.blocked.size + state.triedEarly.size === 0
  return {
    ...phases,
    firstTryBegan: phases.firstTryBegan ?? by,
    firstTryEnded: phases.firstTryEnded ?? by,
    lastSwitched: phases.lastSwitched ?? (seen ? newestSwitch : by),
  }
}

/** Unpatching gives up its own patch, an atomic replace those that it replaced. */
const released = (state: CoreState, event: EventOf<'patch-released'>): CoreState => {
  const { lastTransition: last } = state
  if (!last?.phases) return state
  const own = last.patch === event.patch && last.direction === 'unpatching'
  const replaced = state.patches.some(
    ({ name, replacedBy }) => name === event.patch && replacedBy === last.patch,
  )
  if (!own && !(replaced && last.direction === 'patching')) return state
  const phases = { ...last.phases, released: momentOf(event, true) }
  return { ...state, lastTransition: { ...last, phases } }
}

const tryBegan = (phases: Phases, by: Moment): Phases =>
  isSooner(by, phases.firstTryBegan) ? { ...phases, firstTryBegan: by } : phases

const tryEnded = (phases: Phases, by: Moment): Phases => {
  const begun = tryBegan(phases, by)
  return isSooner(by, begun.firstTryEnded) ? { ...begun, firstTryEnded: by } : begun
}

/** Events of other sources come late: what they prove may be earlier than what is known. What was seen stays. */
const isSooner = (by: Moment, known: Moment | null): boolean =>
  known === null || (!known.exact && BigInt(by.monoNs) < BigInt(known.monoNs))

const newer = (known: Moment | null, now: Moment): Moment =>
  known && BigInt(known.monoNs) >= BigInt(now.monoNs) ? known : now

const momentAt = (state: CoreState, monoNs: string, exact: boolean): Moment => ({
  at: formatTime(BigInt(monoNs) + BigInt(state.clockOffsetNs)),
  monoNs,
  exact,
})
