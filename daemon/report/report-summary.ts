import type { Event } from '../contract/event.ts'
import type { Straggler, TransitionReport } from '../contract/report.ts'
import type { Transition } from '../contract/state.ts'
import { countSwitched } from '../core/transition.ts'
import { formatCount, formatDuration, plural } from '../words/format.ts'
import { longestPhase, phaseDuration, phaseSpans, phasesText } from '../words/phases.ts'
import { requesterText } from '../words/words.ts'
import { findCulprit } from './find-culprit.ts'
import { because, heldFor, moment, taskKind, taskName, transitionName } from './report-words.ts'

export type SummaryMaterial = {
  transition: Transition
  stragglers: readonly Straggler[]
  around: readonly Event[]
  hostname: string | null
  comparison: string
  blindSpots: readonly string[]
}

/** Three sentences for a tired reader: who held it up, for how long and why; what became of it; how sure this is. */
export const summarize = (material: SummaryMaterial): TransitionReport['summary'] => [
  whoHeldItUp(material),
  whatBecameOfIt(material),
  howSure(material),
]

const whoHeldItUp = ({ transition, stragglers, around }: SummaryMaterial): string => {
  const longest = longestPhase(phaseSpans(transition).filter(({ phase }) => phase !== 'before-reversal'))
  const byKernel = longest && longest.phase !== 'switching' ? longest : undefined
  const culprit = findCulprit(stragglers, transition, byKernel?.durationMs)
  const name = transitionName(transition)
  if (culprit) {
    const held = transitionName({ ...transition, direction: culprit.direction, reversals: 0 })
    const verb = culprit.end === 'still-blocked' ? 'has been holding' : 'held'
    const also = sharers(stragglers, culprit)
    return `${capital(taskName(culprit))}, a${culprit.idle ? 'n' : ''} ${taskKind(culprit)}, ${verb} ${held} up for ${heldFor(culprit, transition.startKnown)}: ${because(culprit)}${also}${finishedAfter(transition)}.`
  }
  if (transition.outcome === 'cancelled') {
    const refused = around
      .filter((event) => event.kind === 'patch-load-refused' && event.patch === transition.patch)
      .at(-1)
    const cause =
      refused?.kind === 'patch-load-refused'
        ? `the kernel refused the patch: ${refused.cause}`
        : 'why was not seen'
    return `No task held ${name} up: it was cancelled; ${cause}.`
  }
  if (byKernel && (transition.outcome === 'completed' || transition.outcome === 'running')) {
    const met = stragglers.length === 0 ? '' : `; ${inTheWay(stragglers)}`
    return `No task held ${name} up; what took the time: ${phasesText(transition)}${met}.`
  }
  const switched = countSwitched(transition)
  const [first] = stragglers
  if (first && first.durationMs >= transition.durationMs / 2)
    return `No single task is known to have held ${name} up: ${plural(stragglers.length, 'task')} had not switched when looked at, the longest for ${heldFor(first, transition.startKnown)}.`
  const brief = first
    ? `, and ${plural(stragglers.length, 'more', 'more')} within ${formatDuration(first.durationMs)}`
    : ''
  return switched > 0
    ? `No task held ${name} up: ${plural(switched, 'task')} switched at the first try${brief}.`
    : `No task was seen to hold ${name} up.`
}

const inTheWay = (stragglers: readonly Straggler[]): string =>
  `${plural(stragglers.length, 'task')} ${stragglers.length === 1 ? 'was' : 'were'} in the way for no more than ${formatDuration(stragglers[0]?.durationMs ?? 0)}`

/** Where the kernel took a good part of the time after the last task had switched. */
const finishedAfter = (transition: Transition): string => {
  const finish = phaseSpans(transition).find(({ phase }) => phase === 'finishing')
  return finish && finish.durationMs >= Math.max(1000, transition.durationMs / 4)
    ? `; once every task had switched, the kernel took ${phaseDuration(finish)} to finish`
    : ''
}

/** Others that were in the way about as long. */
const sharers = (stragglers: readonly Straggler[], culprit: Straggler): string => {
  const others = stragglers.filter(
    (other) => other !== culprit && other.durationMs >= culprit.durationMs * 0.5,
  )
  return others.length === 0
    ? ''
    : `; ${plural(others.length, 'other task')} ${others.length === 1 ? 'was' : 'were'} in the way for more than half of that time`
}

const whatBecameOfIt = ({ transition, hostname }: SummaryMaterial): string => {
  const { outcome, durationMs, requester, startKnown, startedAt, direction } = transition
  const where = hostname === null ? '' : ` on ${hostname}`
  const asked =
    requester === null ? 'who asked for it was not seen' : `requested by ${requesterText(requester)}`
  // A failed pre-patch callback ends it before klp_start_transition.
  if (outcome === 'cancelled' && durationMs === 0)
    return `The transition was cancelled at ${moment(startedAt)}${where} before it began, ${asked}; no task was switched.`
  const began = startKnown
    ? `The transition began at ${moment(startedAt)}${where}`
    : `The transition was already running when first seen at ${moment(startedAt)}${where}`
  const took = `${startKnown ? '' : 'at least '}${formatDuration(durationMs)}`
  const special = [
    transition.reversals > 0 && `reversed ${times(transition.reversals)}, to ${direction}`,
    transition.forced && 'forced',
    transition.signalRounds > 0 && `signalled ${times(transition.signalRounds)}`,
  ].filter((part) => part !== false)
  const ended = {
    completed: `completed after ${took}`,
    cancelled: `was cancelled after ${took}`,
    running: `is still running after ${took}${remaining(transition)}`,
    unknown: `was last seen running after ${took}; its end was not seen`,
  }[outcome]
  return `${began}, ${asked}, and ${ended}${special.length > 0 ? ` (${special.join(', ')})` : ''}.`
}

const remaining = ({ remaining }: Transition): string =>
  remaining === null ? '' : ` with ${formatCount(remaining)} of its tasks not switched`

const howSure = ({ comparison, blindSpots }: SummaryMaterial): string => {
  const first = blindSpots[0]?.split('. ')[0]
  const said = comparison.replace(/\.$/, '')
  if (first === undefined) return `${said}; nothing of it is known to be missing from this report.`
  const more = blindSpots.length > 1 ? `, and ${plural(blindSpots.length - 1, 'thing')} more` : ''
  return `${said}; this report cannot know everything: ${lower(first.replace(/\.$/, ''))}${more}.`
}

const times = (count: number): string => (count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`)
const capital = (text: string): string => (text.startsWith('the ') ? `T${text.slice(1)}` : text)
const lower = (text: string): string =>
  /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text
