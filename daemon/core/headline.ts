import type { Headline, Transition } from '../contract/state.ts'
import { plural } from '../words/format.ts'
import { phaseOf } from '../words/phases.ts'
import { adviseOnTransition } from './advice.ts'
import { blockers, heldUpBy } from './blockers.ts'
import type { CoreState } from './core-state.ts'
import { adviseOnPreparation, describePreparation, type Preparation, preparationsOf } from './preparation.ts'
import { millisecondsBetween } from './time.ts'

/** The first line for the tired reader: what is going on, since when, what to do. */
export const headlineOf = (state: CoreState): Headline => {
  const { transition, tracer } = state
  if (transition) return aboutTransition(state, transition)
  const [preparation] = preparationsOf(state)
  if (tracer.status === 'stopped') {
    // Where this is shown the reader looks at a record: to start a daemon would change nothing of it.
    return say('unknown', 'The tracer is stopped: nothing is observed from here on', tracer.since, null)
  }
  if (preparation) return aboutPreparation(state, preparation)
  const worst = [...state.findings.values()].sort((a, b) => rank[a.severity] - rank[b.severity])[0]
  if (worst && worst.severity !== 'info') {
    // It was noticed a little later than it began.
    const since = worst.rule === 'tracer-blind' ? tracer.since : worst.openedAt
    return say(worst.severity, worst.summary, since, worst.advice, worst.id)
  }
  if (tracer.status === 'starting') {
    return say('unknown', `${idle(state)} The probes are being attached.`, tracer.since, null)
  }
  return say('ok', idle(state), state.lastTransition?.endedAt ?? null, null)
}

const rank = { critical: 0, warning: 1, info: 2 }

const aboutTransition = (state: CoreState, transition: Transition): Headline => {
  const { patch, direction, startedAt, stalled } = transition
  const since = transition.startKnown ? '' : ' (was already running when klpscope started)'
  const advice = stalled ? adviseOnTransition(state, transition) : null
  const phase = phaseOf(transition)
  const finding = [...state.findings.values()].find(
    ({ rule, subject }) => rule === 'transition-stalled' && subject === patch,
  )?.id
  if (stalled && phase === 'tasks') {
    const text = `${patch}: ${direction} stalled, ${blockers(state)}${since}`
    return say('critical', text, startedAt, advice, finding)
  }
  if (stalled || phase === 'finishing') {
    const text = `${patch}: ${direction}, ${heldUpBy(state, transition)}${since}`
    return say(stalled ? 'warning' : 'info', text, startedAt, advice, finding)
  }
  const { remaining } = transition
  const tasks = remaining === null ? '' : `, ${plural(remaining, 'task')} remaining`
  return say('info', `${patch}: ${direction}${tasks}${since}`, startedAt, null)
}

const aboutPreparation = (state: CoreState, preparation: Preparation): Headline => {
  const { since, sinceMonoNs } = preparation
  const hangs = sinceMonoNs !== null && millisecondsBetween(sinceMonoNs, state.monoNs) > state.stalledAfterMs
  const text = describePreparation(preparation)
  return say(hangs ? 'warning' : 'info', text, since, hangs ? adviseOnPreparation(preparation) : null)
}

const idle = (state: CoreState): string => {
  const enabled = state.patches.filter((patch) => patch.enabled).length
  const patches =
    enabled === 0
      ? 'no livepatch is enabled'
      : enabled === 1
        ? `${state.patches.find((p) => p.enabled)?.name} is enabled`
        : `${enabled} livepatches are enabled`
  return `No transition is running; ${patches}.`
}

const say = (
  level: Headline['level'],
  text: string,
  since: string | null,
  advice: string | null,
  finding: string | null = null,
): Headline => ({ level, text, since, advice, finding })
