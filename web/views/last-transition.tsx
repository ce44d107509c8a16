import type { ComponentChildren } from 'preact'
import type { Baseline, Transition } from '../../daemon/contract/state.ts'
import { formatCount, formatDuration, plural } from '../../daemon/words/format.ts'
import { outcomeWords, requesterText, wayWords } from '../../daemon/words/words.ts'
import { Phases } from './phases.tsx'
import { Empty, Section } from './section.tsx'
import { SignalRounds } from './signal-rounds.tsx'
import { MomentLink } from './time.tsx'

type Props = { transition: Transition | null; baseline: Baseline | null }

export function LastTransition({ transition, baseline }: Props) {
  return (
    <Section id="last-transition" title="Last transition" testId="last-transition">
      {transition === null ? (
        <Empty>No transition has ended since the record began.</Empty>
      ) : (
        <Facts transition={transition} baseline={baseline} />
      )}
    </Section>
  )
}

function Facts({ transition, baseline }: { transition: Transition; baseline: Baseline | null }) {
  const { requester } = transition
  const special = [
    transition.forced && 'forced',
    transition.reversals > 0 && plural(transition.reversals, 'reversal'),
    transition.signalRounds > 0 && plural(transition.signalRounds, 'signal round'),
    transition.stalled && 'stalled on the way',
  ].filter((part) => part !== false)
  const facts: [string, ComponentChildren][] = [
    ['Patch', <span class="mono">{transition.patch}</span>],
    [
      'Outcome',
      `${outcomeWords[transition.outcome] ?? transition.outcome}${special.length > 0 ? `, ${special.join(', ')}` : ''}`,
    ],
    ['Duration', `${transition.startKnown ? '' : 'at least '}${formatDuration(transition.durationMs)}`],
    [
      'Usual here',
      baseline === null
        ? 'not known yet'
        : `${formatDuration(baseline.medianMs)}, 95 % within ${formatDuration(baseline.p95Ms)}`,
    ],
    ['Direction', `${transition.direction}${transition.replace === true ? ', atomic replace' : ''}`],
    ['Started', <MomentLink time={transition.startedAt} />],
    ['Ended', <MomentLink time={transition.endedAt} />],
    ['Requested by', requester === null ? 'not seen' : requesterText(requester)],
  ]
  return (
    <>
      <dl class="facts single">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {requester?.commandLine !== undefined && <code class="command">{requester.commandLine}</code>}
      <Phases transition={transition} />
      <Switched switched={transition.switched} />
      <SignalRounds rounds={transition.signals} />
    </>
  )
}

function Switched({ switched }: Pick<Transition, 'switched'>) {
  const ways = Object.entries(switched).sort((a, b) => b[1] - a[1])
  if (ways.length === 0) return null
  return (
    <p class="muted small">
      Switched without ever being blocked:{' '}
      {ways
        .map(([way, count]) => `${formatCount(count)} ${wayWords[way as keyof typeof wayWords] ?? way}`)
        .join(', ')}
      .
    </p>
  )
}
