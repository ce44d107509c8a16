import type { Gap } from '../../daemon/contract/gap.ts'
import type { Series, TaskCounts, Transition } from '../../daemon/contract/state.ts'
import { formatCount } from '../../daemon/words/format.ts'
import { type Activity, targetWord } from '../../daemon/words/words.ts'
import { RemainingChart } from '../charts/remaining-chart.tsx'
import { knownCounts } from '../task-counts.ts'
import { Empty, Section } from './section.tsx'
import { SignalRounds } from './signal-rounds.tsx'
import { Moment } from './time.tsx'

type Props = {
  activity: Activity
  transition: Transition | null
  tasks: TaskCounts
  series: Series | undefined
  gaps: Gap[]
}

const emptyWords = {
  none: 'No transition in the last 15 minutes. The chart starts with the next one.',
  unknown: 'No count of remaining tasks yet. If it stays away, see Tracer health for what is missing.',
}

/** How far the transition has come, and the tasks it has to do with. */
export function RemainingTasks({ activity, transition, tasks, series, gaps }: Props) {
  const drawable = series?.values.some((value) => value !== null) === true
  return (
    <Section id="remaining" title="Remaining tasks">
      <p class="figure">
        <strong data-testid="remaining-count">
          {activity === 'none' ? 'no transition' : formatCount(transition?.remaining ?? null)}
        </strong>
        {transition !== null && <span class="muted">not yet {targetWord(transition.direction)}</span>}
      </p>
      {series !== undefined && drawable ? (
        <>
          <RemainingChart series={series} gaps={gaps} transition={transition} />
          <p class="muted small">Logarithmic above 1, so that the last tasks show.</p>
        </>
      ) : (
        <Empty>{emptyWords[activity === 'none' ? 'none' : 'unknown']}</Empty>
      )}
      <Counts tasks={tasks} />
      <SignalRounds rounds={transition?.signals} />
    </Section>
  )
}

function Counts({ tasks }: { tasks: TaskCounts }) {
  const counts = knownCounts(tasks)
  const shown: [string, number | null, string][] = [
    ['Tasks', counts.total, 'Threads, kthreads and idle tasks together'],
    ['Patched', counts.patched, 'Patch state 1'],
    ['Unpatched', counts.unpatched, 'Patch state 0'],
    ['Undefined', counts.undefined, 'Patch state -1: no transition concerns them'],
    ['Idle', counts.idle, 'Per-CPU idle tasks among all tasks'],
  ]
  return (
    <>
      <dl class="counts">
        {shown.map(([name, count, meaning]) => (
          <div key={name} title={meaning}>
            <dt>{name}</dt>
            <dd class={count === null ? 'unknown' : undefined}>{formatCount(count)}</dd>
          </div>
        ))}
      </dl>
      <p class="muted small">
        {tasks.source === null ? (
          'Tasks have not been observed yet.'
        ) : (
          <>
            Observed at <Moment time={tasks.observedAt} /> through{' '}
            {tasks.source === 'iterator' ? 'the BPF task iterator' : '/proc, which does not list idle tasks'}.
          </>
        )}
      </p>
    </>
  )
}
