import type { TransitionReport } from '../contract/report.ts'
import { formatBytes, formatCount, plural } from '../words/format.ts'
import { type Html, html } from './html.ts'
import { clock, moment, offset } from './report-words.ts'
import { shadowAdoptionText, shadowChange } from './shadow-change.ts'

/** Entries one looks for first. */
const key = /^(transition-|patch-(load-refused|replaced)|tracer-gap|events-lost|module-refused)/

export const timelineList = ({ timeline, timelineLeftOut }: TransitionReport): Html => {
  if (timeline.length === 0) return html`<p class="muted">No event was recorded.</p>`
  const items = timeline.map(
    (entry) =>
      html`<li><span class="mono">${offset(entry.offsetMs)}</span><span class="mono muted">${clock(entry.time)}</span><span class="text${key.test(entry.kind) && ' key'}">${entry.text}</span></li>`,
  )
  if (timelineLeftOut > 0)
    items.splice(
      150,
      0,
      html`<li class="left-out">… ${plural(timelineLeftOut, 'entry', 'entries')} left out …</li>`,
    )
  return html`<ol class="timeline">${items}</ol>`
}

export const findingList = ({ findings }: TransitionReport): Html =>
  findings.length === 0
    ? html`<p class="muted">None was open during this transition.</p>`
    : html`${findings.map(
        (finding) => html`<article class="task">
<div class="task-head"><span class="tag ${finding.severity}">${finding.severity}</span><h3>${finding.summary}</h3></div>
<p class="small muted">${finding.rule} · from ${moment(finding.openedAt)} ${finding.closedAt === null ? '· still open' : `to ${moment(finding.closedAt)}`}</p>
<ul>${finding.advice.split('\n').map((step) => html`<li>${step}</li>`)}</ul>
</article>`,
      )}`

export const callbackTable = ({ callbacks }: TransitionReport): Html =>
  callbacks.length === 0
    ? html`<p class="muted">No callback was seen, neither called nor skipped.</p>`
    : table(
        ['When', 'Patch', 'Object', 'Callback', 'Outcome', 'Detail'],
        callbacks.map((each) => [
          clock(each.at),
          each.patch,
          each.object,
          html`<code>${each.callback}</code>`,
          html`<span class="tag ${each.outcome}">${each.outcome}</span>`,
          [
            each.returned === null ? null : `returned ${each.returned}`,
            each.cause,
            each.basis === 'inferred' ? 'inferred from the kernel’s order of steps' : null,
          ]
            .filter((part) => part !== null)
            .join('; '),
        ]),
      )

export const shadowTable = (report: TransitionReport): Html => {
  const { shadow } = report
  const note = html`<p class="small muted">Before: ${clock(shadow.beforeAt)}; after: ${clock(shadow.afterAt)}. ${shadowAdoptionText(shadow)}</p>`
  if (shadow.ids.length === 0) return html`<p class="muted">No shadow variable was seen.</p>${note}`
  const bytes = (moment: (typeof shadow.ids)[number]['before']) =>
    moment === null ? '' : ` (${formatBytes(moment.bytes)})`
  const count = (moment: (typeof shadow.ids)[number]['before']) =>
    moment === null ? 'not seen' : `${formatCount(moment.live)}${bytes(moment)}`
  return html`${table(
    ['Id', 'Live before', 'Live after', 'Change'],
    shadow.ids.map((each) => [
      html`<code>${each.id}</code>`,
      count(each.before),
      count(each.after),
      shadowChange(each),
    ]),
  )}${note}`
}

/** On a narrow screen each row becomes a card. */
export const table = (head: string[], rows: (Html | string)[][]): Html =>
  html`<div class="wide-table"><table class="cards"><thead><tr>${head.map((name) => html`<th>${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => html`<td data-label="${head[index]}"><span>${cell}</span></td>`)}</tr>`)}</tbody></table></div>`
