import type { Straggler, TransitionReport } from '../contract/report.ts'
import { formatCount, plural } from '../words/format.ts'
import { isFrameOf } from '../words/stack-frame.ts'
import { taskStateText } from '../words/words.ts'
import { type Html, html } from './html.ts'
import { table } from './html-sections.ts'
import { because, clock, endWords, heldFor, taskKind, taskName } from './report-words.ts'
import { groupCells, groupColumns, groupStragglers } from './straggler-groups.ts'

/** Those in front have their stack open; of the rest it takes a click. */
const openStacks = 5

/** The tasks that mattered: how long, why, how it ended, the kernel stack; the others by reason and time. */
export const stragglerList = (report: TransitionReport): Html => {
  const { stragglers, transition } = report
  if (stragglers.length === 0) return html`<p class="muted">No task was found in the way.</p>`
  const { named, groups } = groupStragglers(report)
  return html`${named.map((task, index) => straggler(task, index < openStacks, transition.startKnown))}
${groups.length > 0 && table(groupColumns, groups.map(groupCells))}`
}

const straggler = (task: Straggler, isOpen: boolean, startKnown: boolean): Html => {
  const reason = task.reasons.at(-1)
  const details = [
    `from ${clock(task.since)}${task.until === null ? '' : ` to ${clock(task.until)}`}`,
    endWords(task),
    task.tries === null ? null : plural(task.tries, 'try', 'tries'),
    task.state && `state ${taskStateText(task.state)}`,
    task.cpu !== null && `CPU ${task.cpu}`,
    task.unit && `unit ${task.unit}`,
    task.userUnit && `user unit ${task.userUnit}`,
    task.container && `container ${task.container}`,
    task.pod && `pod ${task.pod}`,
    task.cgroup && task.cgroup !== '/' && !task.unit && `cgroup ${task.cgroup}`,
    task.runs && `runs ${task.runs}`,
    task.pid !== task.tid && `process ${task.pid}`,
  ].filter((part) => part)
  return html`<article class="task">
<div class="task-head"><h3>${taskName(task)}</h3><span class="tag">${taskKind(task)}</span>${reason && html`<span class="tag">${reason.reason}</span>`}<span class="for">${heldFor(task, startKnown)}</span></div>
<p>${sentence(because(task))}</p>
<p class="small muted">${details.join(' · ')}</p>
${task.reasons.length > 1 && html`<p class="small muted">${reasonsSeen(task)}</p>`}
${task.commandLine !== null && html`<p class="small"><code>${task.commandLine}</code></p>`}
${stack(task, isOpen)}
</article>`
}

const reasonsSeen = ({ reasons }: Straggler): string =>
  `Reasons in turn: ${reasons.map((each) => `${clock(each.since)} ${each.reason}${each.function ? ` ${each.function}` : ''}`).join(', ')}`

const stack = (task: Straggler, isOpen: boolean): Html => {
  if (task.stack === null || task.stack.length === 0)
    return html`<p class="small muted">Its kernel stack could not be read.</p>`
  const known = task.reasons.at(-1)?.function ?? null
  const lines = task.stack.map((line) =>
    isFrameOf(line, known) ? html`<mark>${line}  ← function being patched</mark>\n` : html`${line}\n`,
  )
  const block = html`<pre data-testid="stack">${lines}</pre>`
  return isOpen
    ? block
    : html`<details><summary>Kernel stack, ${formatCount(task.stack.length)} frames</summary>${block}</details>`
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
