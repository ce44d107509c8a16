import { useCallback, useState } from 'preact/hooks'
import type { BlockedTask, Tracer, Transition } from '../../daemon/contract/state.ts'
import { formatCount, plural } from '../../daemon/words/format.ts'
import { BlockedTaskItem } from './blocked-task.tsx'
import { Empty, Section } from './section.tsx'

type Props = {
  blocked: BlockedTask[]
  total: number
  transition: Transition | null
  tracerStatus: Tracer['status']
}

/** A list longer than a screen or two is opened on demand. */
const shownAtFirst = 20
/** With so few tasks the first one's evidence is what the reader came for. */
const fewTasks = 3

/** A reused tid is another task, and all idle tasks have tid 0. */
const keyOf = (task: BlockedTask) => `${task.tid} ${task.comm} ${task.since}`

export function BlockedTasks({ blocked, total, transition, tracerStatus }: Props) {
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map())
  const [all, setAll] = useState(false)
  const toggle = useCallback((task: BlockedTask, open: boolean) => {
    setChosen((old) => new Map(old).set(keyOf(task), open))
  }, [])
  const shown = all ? blocked : blocked.slice(0, shownAtFirst)
  const title = total === 0 ? null : <span class="count">{formatCount(total)}</span>
  return (
    <Section id="blocked" title="Blocked tasks" aside={title}>
      {blocked.length > fewTasks && <Summary blocked={blocked} partial={total > blocked.length} />}
      <ul class="blocked" data-testid="blocked-list">
        {shown.map((task, index) => (
          <BlockedTaskItem
            key={keyOf(task)}
            task={task}
            open={chosen.get(keyOf(task)) ?? (index === 0 && blocked.length <= fewTasks)}
            onToggle={toggle}
          />
        ))}
      </ul>
      {blocked.length === 0 && <Empty>{emptyText(transition, tracerStatus)}</Empty>}
      {blocked.length > shownAtFirst && (
        <button type="button" class="button" onClick={() => setAll(!all)}>
          {all ? `Show the first ${shownAtFirst}` : `Show all ${blocked.length}`}
        </button>
      )}
      {total > blocked.length && (
        <p class="muted small">
          Of {plural(total, 'blocked task')} the {formatCount(blocked.length)} blocked longest are listed.
          All: <code>klpscope blocking</code>
        </p>
      )}
    </Section>
  )
}

/** Many tasks usually share few causes. */
function Summary({ blocked, partial }: { blocked: BlockedTask[]; partial: boolean }) {
  const causes = new Map<string, number>()
  for (const task of blocked) {
    const cause = task.function === null ? task.reason : `${task.reason} ${task.function}`
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
  }
  const largest = [...causes].sort((a, b) => b[1] - a[1])
  return (
    <ul class="causes">
      {partial && <li class="muted">Of the {formatCount(blocked.length)} listed:</li>}
      {largest.slice(0, 5).map(([cause, count]) => (
        <li key={cause}>
          <strong>{formatCount(count)}</strong> <span class="mono">{cause}</span>
        </li>
      ))}
      {largest.length > 5 && <li class="muted">and {plural(largest.length - 5, 'more cause')}</li>}
    </ul>
  )
}

function emptyText(transition: Transition | null, tracerStatus: Tracer['status']): string {
  if (tracerStatus === 'starting' || tracerStatus === 'stopped')
    return `Not known: the tracer is ${tracerStatus}.`
  if (transition === null) return 'Nothing blocks: no transition is running.'
  return tracerStatus === 'observing'
    ? 'Nothing blocks: no task has failed a try to switch.'
    : 'No blocked task was seen; but see Tracer health for what is not seen.'
}
