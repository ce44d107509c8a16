import type { Moment, PhaseName, PhaseSpan } from '../contract/phases.ts'
import type { Transition } from '../contract/state.ts'
import { formatDuration } from './format.ts'

/** What a running transition is at. Without phases (an older record) it is taken to wait for its tasks. */
export type Stage = 'waiting' | 'tasks' | 'finishing'

/** What is needed to tell the phases of a transition, of the state or of a report. */
type Phased = Pick<
  Transition,
  'phases' | 'startKnown' | 'startedAt' | 'startedMonoNs' | 'durationMs' | 'endedAt' | 'outcome'
>

export const phaseOf = ({ phases }: Pick<Transition, 'phases'>): Stage => {
  if (!phases) return 'tasks'
  if (phases.lastSwitched) return 'finishing'
  return phases.firstTryEnded ? 'tasks' : 'waiting'
}

export const phaseNames: Record<PhaseName, string> = {
  'before-reversal': 'before it was reversed',
  waiting: 'waiting for the first try',
  switching: 'switching tasks',
  finishing: 'the kernel finishing (ftrace, RCU, callbacks)',
  releasing: 'releasing what it took away',
}

/** The phases of a transition one after the other, as far as it has come. Empty: an older record, or never begun. */
export const phaseSpans = (transition: Phased): PhaseSpan[] => {
  const { phases, startKnown, startedAt, startedMonoNs, durationMs, endedAt, outcome } = transition
  if (!phases) return []
  const start: Moment = { at: startedAt, monoNs: startedMonoNs, exact: startKnown }
  const endNs = BigInt(startedMonoNs) + BigInt(Math.round(durationMs * 1e6))
  const now: Moment = { at: endedAt ?? '', monoNs: String(endNs), exact: true }
  const over = outcome === 'completed'
  const last = phases.lastSwitched
  // What is only known to have come by some later moment had come when the last task switched.
  const first = sooner(phases.firstTryBegan, last)
  const spans = [
    ...(phases.started.monoNs === startedMonoNs ? [] : [span('before-reversal', start, phases.started, now)]),
    span('waiting', phases.started, first, now),
    ...(first ? [span('switching', first, last, now)] : []),
    ...(last ? [span('finishing', last, over ? now : null, now)] : []),
    ...(phases.released ? [span('releasing', now, phases.released, now)] : []),
  ]
  return spans
}

const span = (phase: PhaseName, from: Moment, to: Moment | null, now: Moment): PhaseSpan => {
  const durationMs = Math.max(0, Number(BigInt((to ?? now).monoNs) - BigInt(from.monoNs)) / 1e6)
  const toExact = to?.exact ?? true
  const bound = from.exact && toExact ? 'exact' : from.exact ? 'at-most' : toExact ? 'at-least' : 'about'
  return { phase, from: from.at, to: to?.at ?? null, durationMs, bound }
}

const sooner = (one: Moment | null, other: Moment | null): Moment | null =>
  one && other && !one.exact && BigInt(other.monoNs) < BigInt(one.monoNs) ? other : one

/** The one that took the longest until the end; undefined when nothing is known. */
export const longestPhase = (spans: readonly PhaseSpan[]): PhaseSpan | undefined =>
  spans
    .filter(({ phase }) => phase !== 'releasing')
    .reduce<PhaseSpan | undefined>(
      (longest, each) => (longest && longest.durationMs >= each.durationMs ? longest : each),
      undefined,
    )

/** `at least 14.1 s` */
export const phaseDuration = ({ bound, durationMs }: PhaseSpan): string =>
  `${bound === 'exact' ? '' : `${bound.replace('-', ' ')} `}${formatDuration(durationMs)}`

/** What took the time, in the order it came: `waiting for the first try at most 3.8 s, switching tasks about 3.0 s`. */
export const phasesText = (transition: Phased): string | null => {
  const spans = phaseSpans(transition).filter(({ phase }) => phase !== 'releasing')
  return spans.length === 0
    ? null
    : spans.map((each) => `${phaseNames[each.phase]} ${phaseDuration(each)}`).join(', ')
}
