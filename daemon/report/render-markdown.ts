import type { Straggler, TransitionReport } from '../contract/report.ts'
import { formatBytes, formatCount, plural } from '../words/format.ts'
import { visibleStrings } from '../words/visible-text.ts'
import { requesterText } from '../words/words.ts'
import { reportFacts } from './report-facts.ts'
import {
  because,
  clock,
  endWords,
  heldFor,
  moment,
  offset,
  taskKind,
  taskName,
  transitionName,
} from './report-words.ts'
import { shadowAdoptionText, shadowChange } from './shadow-change.ts'
import { sparkline } from './sparkline.ts'
import { groupCells, groupColumns, groupStragglers } from './straggler-groups.ts'

/** As the HTML page, for a ticket or a terminal. Names come from tasks: nothing in them becomes markup. */
export const renderMarkdown = (raw: TransitionReport): string => {
  const report = visibleStrings(raw) as TransitionReport
  const { transition, summary, blindSpots, timeline } = report
  const [lead, ...rest] = summary.map(plain)
  return `${[
    `# Post-mortem: ${plain(transitionName(transition))}`,
    `**${lead}**`,
    ...rest,
    table(
      ['', ''],
      reportFacts(report).map(([name, value]) => [plain(name), plain(value)]),
    ),
    ...(transition.requester
      ? [
          `Requested by ${plain(requesterText(transition.requester))}${transition.requester.commandLine === undefined ? '' : `:\n\n${fence(transition.requester.commandLine)}`}`,
        ]
      : []),
    '## What this report cannot know',
    blindSpots.length === 0
      ? 'Nothing of this transition is known to be missing.'
      : blindSpots.map((spot) => `- ${plain(spot)}`).join('\n'),
    '## Remaining tasks',
    sparkline(report),
    `## Tasks in the way (${formatCount(report.stragglersTotal)})`,
    stragglers(report),
    `## Findings (${report.findings.length})`,
    findings(report),
    '## Timeline',
    table(
      ['Since start', 'UTC', 'What'],
      timeline.map((entry) => [offset(entry.offsetMs), clock(entry.time), plain(entry.text)]),
    ),
    ...(report.timelineLeftOut > 0
      ? [`${plural(report.timelineLeftOut, 'entry', 'entries')} of the middle left out.`]
      : []),
    '## Callbacks',
    callbacks(report),
    '## Shadow variables',
    shadow(report),
    `---\n\nMade by klpscope ${plain(report.generator)} of transition ${plain(transition.id)}, as of ${moment(report.asOf)}. All times are UTC. Report format ${report.reportVersion}.`,
  ].join('\n\n')}\n`
}

const stragglers = (report: TransitionReport): string => {
  if (report.stragglers.length === 0) return 'No task was found in the way.'
  const { named, groups } = groupStragglers(report)
  const rows = named.map((task) => [
    plain(taskName(task)),
    taskKind(task),
    heldFor(task, report.transition.startKnown),
    plain(because(task)),
    plain(endWords(task)),
    formatCount(task.tries),
  ])
  const others = groups.map((group) => groupCells(group).map(plain))
  return [
    table(['Task', 'Kind', 'In the way for', 'Why', 'How it ended', 'Tries'], rows),
    ...(others.length > 0 ? [table(groupColumns, others)] : []),
    ...named.map(stack),
  ].join('\n\n')
}

const stack = (task: Straggler): string => {
  const where = [
    task.unit && `unit ${task.unit}`,
    task.userUnit && `user unit ${task.userUnit}`,
    task.container && `container ${task.container}`,
    task.pod && `pod ${task.pod}`,
    task.commandLine,
  ]
    .filter((part) => part)
    .map((part) => plain(part ?? ''))
  const frames = task.stack === null ? 'not readable' : task.stack.join('\n')
  return `Kernel stack of ${plain(taskName(task))}${where.length > 0 ? `, ${where.join(', ')}` : ''}:\n\n${fence(frames)}`
}

const findings = ({ findings }: TransitionReport): string =>
  findings.length === 0
    ? 'None was open during this transition.'
    : findings
        .map(
          (finding) =>
            `- **${finding.severity}**, ${finding.rule}: ${plain(finding.summary)} (from ${moment(finding.openedAt)}${finding.closedAt === null ? ', still open' : ` to ${moment(finding.closedAt)}`})\n${finding.advice
              .split('\n')
              .map((step) => `  - ${plain(step)}`)
              .join('\n')}`,
        )
        .join('\n')

const callbacks = ({ callbacks }: TransitionReport): string =>
  callbacks.length === 0
    ? 'No callback was seen, neither called nor skipped.'
    : table(
        ['UTC', 'Patch', 'Object', 'Callback', 'Outcome', 'Detail'],
        callbacks.map((each) => [
          clock(each.at),
          plain(each.patch),
          plain(each.object),
          plain(each.callback),
          each.outcome,
          plain(
            [
              each.returned === null ? null : `returned ${each.returned}`,
              each.cause,
              each.basis === 'inferred' ? 'inferred' : null,
            ]
              .filter((part) => part !== null)
              .join('; '),
          ),
        ]),
      )

const shadow = ({ shadow }: TransitionReport): string => {
  const count = (at: (typeof shadow.ids)[number]['before']) =>
    at === null ? 'not seen' : `${formatCount(at.live)} (${formatBytes(at.bytes)})`
  const note = `Before: ${clock(shadow.beforeAt)}; after: ${clock(shadow.afterAt)}. ${shadowAdoptionText(shadow)}`
  if (shadow.ids.length === 0) return `No shadow variable was seen. ${note}`
  return `${table(
    ['Id', 'Live before', 'Live after', 'Change'],
    shadow.ids.map((each) => [each.id, count(each.before), count(each.after), shadowChange(each)]),
  )}\n\n${note}`
}

/** What means something in Markdown or HTML loses its meaning; an underscore within a word has none. */
const plain = (text: string): string =>
  text.replace(/[\\`*[\]<>|~&#@]/g, (character) => `\\${character}`).replace(/(?<!\w)_|_(?!\w)/g, '\\_')

/** A fence longer than any run of backticks in the text. */
const fence = (text: string): string => {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length))
  const bar = '`'.repeat(longest + 1)
  return `${bar}text\n${text}\n${bar}`
}

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
