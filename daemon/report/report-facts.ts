import type { TransitionReport } from '../contract/report.ts'
import { formatDuration, plural } from '../words/format.ts'
import { phaseDuration, phaseNames } from '../words/phases.ts'
import { outcomeWords } from '../words/words.ts'
import { moment, offset } from './report-words.ts'

/** Name and value of what is known in a word or two; what is not known says so. */
export const reportFacts = ({
  transition,
  host,
  patches,
  comparison,
  phases,
}: TransitionReport): [string, string][] => {
  const subject = patches.find((patch) => patch.role === 'subject')
  const replaced = patches.filter((patch) => patch.role === 'replaced').map((patch) => patch.name)
  const ended = transition.outcome === 'running' ? 'not yet' : 'unknown'
  return [
    ['Patch', transition.patch],
    ['Version', subject?.version ?? 'unknown'],
    ['srcversion', subject?.srcversion ?? 'unknown'],
    ['Direction', `${transition.direction}${transition.replace ? ', atomic replace' : ''}`],
    ...(replaced.length > 0 ? [['Replaced', replaced.join(', ')] as [string, string]] : []),
    ['Outcome', `${outcomeWords[transition.outcome]}${transition.forced ? ', forced' : ''}`],
    ['Duration', `${transition.startKnown ? '' : 'at least '}${formatDuration(transition.durationMs)}`],
    ...phaseFacts(phases, transition.startedAt),
    ['Began', `${transition.startKnown ? '' : 'before '}${moment(transition.startedAt)}`],
    ['Ended', transition.endedAt === null ? ended : moment(transition.endedAt)],
    ['Past transitions', pastText(comparison)],
    ['Host', host ? `${host.hostname}, ${plural(host.cpus, 'CPU')}` : 'unknown'],
    ['Kernel', host?.kernel ?? 'unknown'],
    ['Boot', host?.bootId ?? 'unknown'],
  ]
}

const pastText = ({ others, longer, percentile, medianMs }: TransitionReport['comparison']): string => {
  if (others === 0) return 'none to compare with'
  const place =
    percentile === null
      ? `longer than ${others - longer} of ${others}`
      : `longer than ${percentile} % of ${others}`
  return `${place}, median ${formatDuration(medianMs ?? 0)}`
}

/** `from +0.000 s to +3.790 s, at most 3.8 s` */
const phaseFacts = (phases: TransitionReport['phases'], startedAt: string): [string, string][] => {
  const since = (time: string) => offset(Date.parse(time) - Date.parse(startedAt))
  return phases.map((span) => [
    `– ${phaseNames[span.phase]}`,
    `${phaseDuration(span)}, from ${since(span.from)} to ${span.to === null ? 'now' : since(span.to)}`,
  ])
}
