import type { TransitionReport } from '../contract/report.ts'
import { formatCount } from '../words/format.ts'
import { visibleStrings } from '../words/visible-text.ts'
import { requesterText } from '../words/words.ts'
import { findCulprit } from './find-culprit.ts'
import { Html, html } from './html.ts'
import { callbackTable, findingList, shadowTable, timelineList } from './html-sections.ts'
import { stragglerList } from './html-stragglers.ts'
import { remainingCurve } from './remaining-curve.ts'
import { reportFacts } from './report-facts.ts'
import { reportStyle } from './report-style.ts'
import { moment, transitionName } from './report-words.ts'

/** One self-contained page: no script, nothing loaded from elsewhere, whatever names it holds. */
export const renderHtml = (raw: TransitionReport): string => {
  const report = visibleStrings(raw) as TransitionReport
  const title = `Post-mortem: ${transitionName(report.transition)}`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
${new Html(`<style>${reportStyle}</style>`)}
</head>
<body><main>
${head(report, title)}
${section('Remaining tasks', remainingCurve(report) ?? html`<p class="muted">No look at the tasks was recorded.</p>`)}
${section(`Tasks in the way (${formatCount(report.stragglersTotal)})`, stragglerList(report))}
${section(`Findings (${report.findings.length})`, findingList(report))}
${section('What this report cannot know', unknowns(report))}
${section('Timeline', timelineList(report))}
${section('Callbacks', callbackTable(report))}
${section('Shadow variables', shadowTable(report))}
<footer>Made by klpscope ${report.generator} of transition ${report.transition.id}, as of ${moment(report.asOf)}. All times are UTC. Report format ${report.reportVersion}.</footer>
</main></body>
</html>
`.markup
}

const section = (heading: string, content: Html): Html =>
  html`<section><h2>${heading}</h2>${content}</section>`

const head = (report: TransitionReport, title: string): Html => {
  const { transition, host, summary } = report
  const [lead, ...rest] = summary
  const command = transition.requester?.commandLine
  const functions = report.patches.find((patch) => patch.role === 'subject')?.functions ?? []
  const wide = (name: string, text: string) =>
    html`<div class="wide"><dt>${name}</dt><dd><code>${text}</code></dd></div>`
  return html`<header class="${findCulprit(report.stragglers, transition) ? 'held' : 'free'}">
<p class="kicker">klpscope${host && ` · ${host.hostname}`} · ${moment(transition.startedAt)}</p>
<h1>${title}</h1>
<p class="lead" data-testid="lead">${lead}</p>
${rest.map((sentence) => html`<p>${sentence}</p>`)}
<dl class="facts">${reportFacts(report).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
${transition.requester && html`<div class="wide"><dt>Requested by</dt><dd>${requesterText(transition.requester)}</dd></div>`}
${command !== undefined && wide('Command line', command)}
${functions.length > 0 && wide('Functions', functions.join(', '))}
</dl></header>`
}

const unknowns = ({ blindSpots }: TransitionReport): Html =>
  blindSpots.length === 0
    ? html`<p class="muted">Nothing of this transition is known to be missing.</p>`
    : html`<ul>${blindSpots.map((spot) => html`<li>${spot}</li>`)}</ul>`
