import type { State, Transition } from '../../daemon/contract/state.ts'
import { formatCount, formatInstant } from '../../daemon/words/format.ts'
import { activityOf, activityWords, levelWords, requesterText, targetWord } from '../../daemon/words/words.ts'
import { preferences } from '../preferences.ts'
import { useStore } from '../store.ts'
import { LevelIcon } from './icons.tsx'
import { LostList } from './lost-list.tsx'
import { Phases } from './phases.tsx'
import { Elapsed, Moment } from './time.tsx'

type Props = {
  state: Pick<State, 'headline' | 'transition' | 'tracer' | 'tasks' | 'findings'>
  /** The past moment that this was so; null: it is so now. */
  then: number | null
}

/** What is going on, to be read in five seconds. */
export function HeadlineView({ state, then }: Props) {
  const { zone } = useStore(preferences)
  const { headline, transition } = state
  const activity = activityOf(state)
  const lost = state.findings.find(({ id }) => id === headline.finding)?.lost
  return (
    <section
      class="headline"
      data-level={headline.level}
      data-finding={headline.finding}
      aria-labelledby="headline-text"
      id="now"
    >
      <div class="headline-live" aria-live="polite" aria-atomic="true">
        <p class="headline-level">
          {then !== null && (
            <span class="headline-then">At {formatInstant(then, zone).clock.slice(0, 8)}</span>
          )}
          <LevelIcon level={headline.level} />
          <span data-testid="headline-level" data-level={headline.level}>
            {levelWords[headline.level] ?? headline.level}
          </span>
          <span class="headline-activity" data-activity={activity}>
            {activity === 'none' || activity === 'unknown' ? 'Transition: ' : 'Transition '}
            {activity === 'none' ? 'none' : activityWords[activity]}
          </span>
        </p>
        <h1 id="headline-text" data-testid="headline">
          {headline.text}
        </h1>
        {headline.advice !== null && <p class="advice">{headline.advice}</p>}
      </div>
      {lost !== undefined && <LostList lost={lost} />}
      {headline.since !== null && (
        <p class="headline-since">
          for <Elapsed since={headline.since} />, since <Moment time={headline.since} />
        </p>
      )}
      {transition !== null && <TransitionFacts transition={transition} total={state.tasks.total} />}
    </section>
  )
}

function TransitionFacts({ transition, total }: { transition: Transition; total: number | null }) {
  const { requester } = transition
  const marks = [
    transition.replace === true && 'replaces all older patches',
    transition.forced && 'forced',
    transition.reversals > 0 && `reversed ${times(transition.reversals)}`,
    transition.signalRounds > 0 && `signalled ${times(transition.signalRounds)}`,
  ].filter((mark) => mark !== false)
  return (
    <dl class="facts">
      <div>
        <dt>Patch</dt>
        <dd class="mono">{transition.patch}</dd>
      </div>
      <div>
        <dt>Direction</dt>
        <dd>
          {transition.direction}
          {marks.length > 0 && <span class="muted"> ({marks.join(', ')})</span>}
        </dd>
      </div>
      <div>
        <dt>{transition.startKnown ? 'Started' : 'Started at or before'}</dt>
        <dd>
          <Moment time={transition.startedAt} />
        </dd>
      </div>
      <div>
        <dt>Not yet {targetWord(transition.direction)}</dt>
        <dd>
          {formatCount(transition.remaining)} of {formatCount(total)} tasks
        </dd>
      </div>
      <div class="full">
        <dt>Phases</dt>
        <dd>
          <Phases transition={transition} />
        </dd>
      </div>
      <div class="full">
        <dt>Requested by</dt>
        <dd>
          {requester === null ? 'not seen' : requesterText(requester)}
          {requester?.commandLine !== undefined && <code class="command">{requester.commandLine}</code>}
        </dd>
      </div>
    </dl>
  )
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
