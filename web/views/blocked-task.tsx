import { memo } from 'preact/compat'
import { useId } from 'preact/hooks'
import type { BlockedTask } from '../../daemon/contract/state.ts'
import { formatCount } from '../../daemon/words/format.ts'
import { isFrameOf } from '../../daemon/words/stack-frame.ts'
import { ownerText, reasonSentence, taskKind, taskStateText } from '../../daemon/words/words.ts'
import { CopyButton } from './copy-button.tsx'
import { Chevron } from './icons.tsx'
import { Elapsed, Moment } from './time.tsx'

type Props = { task: BlockedTask; open: boolean; onToggle: (task: BlockedTask, open: boolean) => void }

/** One blocked task: closed it says who and why, open it gives the evidence. */
export const BlockedTaskItem = memo(function BlockedTaskItem({ task, open, onToggle }: Props) {
  const panel = useId()
  const owner = ownerText(task)
  return (
    <li class="blocked-task" data-testid="blocked-task" data-tid={task.tid}>
      <h3>
        <button
          type="button"
          class="blocked-head"
          aria-expanded={open}
          aria-controls={panel}
          onClick={() => onToggle(task, !open)}
        >
          <Chevron />
          <span class="blocked-name">{task.comm}</span>
          <span class="mono muted">{task.tid}</span>
          <span class="tag">{taskKind(task)}</span>
          <Elapsed since={task.since} />
        </button>
      </h3>
      <p class="blocked-why">
        <span class="mono reason" data-testid="blocked-reason">
          {task.reason}
        </span>{' '}
        {task.function !== null && (
          <code class="function" data-testid="blocked-function">
            {task.function}
          </code>
        )}
        {task.function === null && task.blame !== null && <span>because of {task.blame}</span>}
        {owner !== null && <span class="muted"> in {owner}</span>}
      </p>
      <div id={panel} hidden={!open}>
        {open && <Evidence task={task} />}
      </div>
    </li>
  )
})

function Evidence({ task }: { task: BlockedTask }) {
  const hasOwner = ownerText(task) !== null
  const facts: [string, string | null][] = [
    ['Tries', formatCount(task.tries)],
    ['CPU', task.cpu === null ? null : String(task.cpu)],
    ['State', task.state === null ? null : taskStateText(task.state)],
    ['Process', task.pid === task.tid ? null : String(task.pid)],
    ['Unit', task.unit],
    ['User unit', task.userUnit],
    ['Container', task.container],
    ['Pod', task.pod],
    ['Cgroup', hasOwner || task.cgroup === '/' ? null : task.cgroup],
    ['Blame', task.blame],
  ]
  return (
    <div class="blocked-evidence">
      <p>{reasonSentence(task.reason, task)}</p>
      <dl class="facts">
        <div>
          <dt>Blocked since</dt>
          <dd>
            <Moment time={task.since} />
          </dd>
        </div>
        {facts.map(([name, value]) =>
          value === null ? null : (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
      {task.commandLine !== null && <code class="command">{task.commandLine}</code>}
      <div class="stack-head">
        <h4>Kernel stack</h4>
        <CopyButton text={copied(task)} label="Copy tid and stack" />
      </div>
      <Stack task={task} />
    </div>
  )
}

function Stack({ task }: { task: BlockedTask }) {
  if (task.stack === null || task.stack.length === 0) {
    return (
      <p class="empty" data-testid="blocked-stack">
        The stack could not be read: the task was running, or /proc/{task.tid}/stack is closed to the daemon.
      </p>
    )
  }
  return (
    <pre class="stack" data-testid="blocked-stack">
      {task.stack.map((line, depth) => (
        <Frame key={depth} line={line} patched={isFrameOf(line, task.function)} />
      ))}
    </pre>
  )
}

function Frame({ line, patched }: { line: string; patched: boolean }) {
  return patched ? <mark>{`${line}  ← function being patched\n`}</mark> : <span>{`${line}\n`}</span>
}

function copied(task: BlockedTask): string {
  const head = `${task.comm} tid ${task.tid} pid ${task.pid} (${taskKind(task)}) ${task.reason} ${task.function ?? ''}`
  return [head.trimEnd(), `blocked since ${task.since}`, ...(task.stack ?? ['stack not readable'])].join('\n')
}
