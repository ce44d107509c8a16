import type { Cause } from '../../daemon/contract/cause.ts'
import type { ProbeSet } from '../../daemon/contract/event-parts.ts'
import type { Gap } from '../../daemon/contract/gap.ts'
import type { Host, RecordState, Tracer } from '../../daemon/contract/state.ts'
import { formatCount, formatDuration, parseTime } from '../../daemon/words/format.ts'
import { gapText } from '../../daemon/words/gaps.ts'
import { tracerWords } from '../../daemon/words/words.ts'
import { LevelIcon } from './icons.tsx'
import { Empty, Section } from './section.tsx'
import { Elapsed, Moment } from './time.tsx'

type Props = {
  tracer: Tracer
  record: RecordState
  host: Host | null
  /** Messages that this page could not understand, and what was wrong with the last one. */
  malformed: number
  why: string | null
}

/** What klpscope itself can and cannot see. */
export function TracerHealth({ tracer, record, host, malformed, why }: Props) {
  const attached = tracer.status === 'observing' && tracer.eventsLost === 0
  return (
    <Section id="health" title="Tracer health" testId="tracer-health">
      <p class="health-status" data-status={tracer.status}>
        <LevelIcon level={tracer.status === 'observing' ? 'ok' : 'warning'} />
        <span>
          The tracer is {tracerWords(tracer)}, for <Elapsed since={tracer.since} />.
        </span>
      </p>
      <dl class="counts">
        <Count name="Events lost" count={tracer.eventsLost} />
        <Count name="Not recorded" count={record.lost} />
        <Count name="Decode failures" count={tracer.decodeFailures} />
        <Count name="Not understood by this page" count={malformed} />
      </dl>
      {tracer.overhead !== null && (
        <p class="muted small">
          CPU time in the last minute, of one CPU: daemon {tracer.overhead.daemonPercent.toFixed(1)} %,
          tracers {tracer.overhead.tracersPercent.toFixed(1)} %.
        </p>
      )}
      <RecordHealth record={record} />
      {why !== null && <p class="muted small">Last message not understood: {why}.</p>}
      <h3>Probe sets</h3>
      {tracer.probeSets.length === 0 ? (
        <Empty>No probe set has reported yet. If this lasts, run klpscope doctor.</Empty>
      ) : (
        <ProbeSets sets={tracer.probeSets} />
      )}
      {tracer.causes.length > 0 && <Causes causes={tracer.causes} />}
      <h3>Gaps</h3>
      {tracer.gaps.length === 0 ? (
        <p class="muted">{attached ? 'None: nothing was missed.' : 'None recorded.'}</p>
      ) : (
        <ul class="gaps">
          {tracer.gaps.map((gap) => (
            <li key={`${gap.source} ${gap.from}`} data-seen={gap.seen}>
              <span class="gap-look" data-seen={gap.seen} />
              <span>
                <When gap={gap} />: {gapText(gap)}.
              </span>
            </li>
          ))}
        </ul>
      )}
      {host !== null && (
        <p class="muted small">
          {host.hostname}, kernel {host.kernel}, {formatCount(host.cpus)} CPUs, boot {host.bootId}
        </p>
      )}
    </Section>
  )
}

/** Whether what is seen is also kept. */
function RecordHealth({ record }: { record: RecordState }) {
  return (
    <div data-testid="record-health" data-status={record.status}>
      {record.status === 'failing' && (
        <p class="health-status">
          <LevelIcon level="warning" />
          <span>
            The record is not being written
            {record.since !== null && (
              <>
                , for <Elapsed since={record.since} />
              </>
            )}
            : {record.reason} <span class="advice">{record.remedy}</span>
          </span>
        </p>
      )}
      {record.setAside !== null && (
        <p class="small">
          The record was damaged and a new one was begun; the old one is{' '}
          <span class="mono">{record.setAside}</span>.
        </p>
      )}
    </div>
  )
}

function Count({ name, count }: { name: string; count: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={count > 0 ? 'warned' : undefined}>{formatCount(count)}</dd>
    </div>
  )
}

/** Why a set is not there is told once for all that have the same cause. */
function ProbeSets({ sets }: { sets: ProbeSet[] }) {
  const groups = [
    {
      word: 'attached',
      tone: 'muted',
      names: namesOf(sets, (set) => set.available && set.lost === undefined),
    },
    {
      word: 'attached in part',
      tone: 'warned',
      names: namesOf(sets, (set) => set.available && set.lost !== undefined),
    },
    { word: 'not attached', tone: 'warned', names: namesOf(sets, (set) => !set.available) },
  ]
  return (
    <ul class="probe-sets">
      {groups
        .filter(({ names }) => names.length > 0)
        .map(({ word, tone, names }) => (
          <li key={word}>
            <span class="mono">{names.join(', ')}</span> <span class={tone}>{word}</span>
          </li>
        ))}
    </ul>
  )
}

function namesOf(sets: ProbeSet[], isOne: (set: ProbeSet) => boolean): string[] {
  return sets.filter(isOne).map(({ name }) => name)
}

function Causes({ causes }: { causes: Cause[] }) {
  return (
    <ul class="causes" data-testid="causes">
      {causes.map(({ subject, text, since, remedy, lost }) => (
        <li key={subject}>
          <details>
            <summary>{text}</summary>
            <p class="small">
              Since <Moment time={since} />. <span class="advice">{remedy}</span>
            </p>
            <p class="small">Not seen:</p>
            <ul>
              {lost.map((one) => (
                <li key={one}>{one}</li>
              ))}
            </ul>
          </details>
        </li>
      ))}
    </ul>
  )
}

function When({ gap }: { gap: Gap }) {
  if (gap.lasts)
    return (
      <>
        Since <Moment time={gap.from} />
      </>
    )
  return (
    <>
      <Moment time={gap.from} /> to <Moment time={gap.to} />
      <span class="muted"> ({lengthText(gap)})</span>
    </>
  )
}

function lengthText(gap: Gap): string {
  const from = parseTime(gap.from)
  const to = parseTime(gap.to)
  return from === null || to === null ? 'length unknown' : formatDuration(to - from)
}
