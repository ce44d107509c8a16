import type { GapSeen } from '../contract/gap.ts'
import type { TransitionReport } from '../contract/report.ts'
import { formatCount } from '../words/format.ts'
import { gapText, gapWords } from '../words/gaps.ts'
import { type Html, html } from './html.ts'
import { offset } from './report-words.ts'

/** Coordinates of the plot; it is stretched to the width there is, so that only the words keep their size. */
const width = 1000
const height = 200
const marked: Record<string, string> = {
  'transition-reversed': 'reversed',
  'transition-forced': 'forced',
  'transition-signalled': 'signalled',
  'transition-tried': 'first try ended',
  'transition-finishing': 'kernel finishing',
}

const hatching: Record<GapSeen, string> = { nothing: 'Crossed', polling: 'Hatched', most: 'Hatched' }
/** Remaining tasks over time as inline SVG; the scale is logarithmic, for it is the last task that matters. */
export const remainingCurve = (report: TransitionReport): Html | null => {
  const { times, values } = report.remaining
  const startMs = Date.parse(report.transition.startedAt)
  const known = values.filter((value) => value !== null)
  // That none remain at the end is no look.
  if (known.every((value) => value === 0)) return null
  const endMs = Math.max(startMs + 1, Date.parse(report.transition.endedAt ?? report.asOf), ...times)
  const top = Math.max(1, ...known)
  const x = (ms: number) => round(((Math.max(ms, startMs) - startMs) / (endMs - startMs)) * width)
  const y = (value: number) => round(height - (Math.log10(1 + value) / Math.log10(1 + top)) * height)

  // Where only a part of the observer was silent, the tasks were counted.
  const missed = report.gaps.filter(({ seen }) => seen !== 'most')
  const looks = [...new Set(missed.map(({ seen }) => seen))]
  const gaps = missed.map((gap) => {
    const { from, to, seen } = gap
    const left = x(Math.min(Date.parse(from), endMs))
    const wide = Math.max(2, x(Math.min(Date.parse(to), endMs)) - left)
    return html`<path class="gap" data-seen="${seen}" d="${hatch(left, wide, seen === 'nothing')}"><title>${gapText(gap)}</title></path>`
  })
  const marks = report.timeline.flatMap(({ kind, time, text }) =>
    marked[kind] === undefined
      ? []
      : [
          html`<line class="mark" x1="${x(Date.parse(time))}" x2="${x(Date.parse(time))}" y1="0" y2="${height}"><title>${text}</title></line>`,
        ],
  )
  const { line, area } = paths(
    times.map(x),
    values.map((value) => (value === null ? null : y(value))),
  )
  const middle = Math.round(10 ** (Math.log10(1 + top) / 2) - 1)
  const ticks = [...new Set([0, middle, top])]
  const names = [...new Set(report.timeline.flatMap(({ kind }) => marked[kind] ?? []))]
  const newest = known.at(-1) ?? 0
  return html`<figure class="curve">
<div class="plot">
<div class="y-axis" aria-hidden="true">${ticks.map((tick) => html`<span style="top:${round((y(tick) / height) * 100)}%">${formatCount(tick)}</span>`)}</div>
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="Remaining tasks over time: at most ${formatCount(top)}, last ${formatCount(newest)}">
${ticks.map((tick) => html`<line class="grid" x1="0" x2="${width}" y1="${y(tick)}" y2="${y(tick)}"/>`)}
${gaps}<path class="area" d="${area}"/>${marks}<path class="line" d="${line}"/>
</svg></div>
<div class="x-axis" aria-hidden="true"><span>start</span><span>${offset((endMs - startMs) / 2)}</span><span>${offset(endMs - startMs)}</span></div>
<figcaption>Tasks not in the target state, on a logarithmic scale.${looks.length > 0 && ` ${looks.map((seen) => `${hatching[seen]}: ${gapWords[seen]}`).join('; ')}.`}${names.length > 0 && ` Dashed: ${names.join(', ')}.`}</figcaption>
</figure>`
}

/** Slanted lines over the whole height, crossed by others or alone. */
const hatch = (left: number, wide: number, crossed: boolean): string => {
  const right = left + wide
  let lines = ''
  for (let start = left - height; start < right; start += crossed ? 10 : 18) {
    const [from, to] = [Math.max(start, left), Math.min(start + height, right)]
    const [low, high] = [round(from - start), round(to - start)]
    lines += `M${round(from)} ${height - low}L${round(to)} ${height - high}`
    if (crossed) lines += `M${round(from)} ${low}L${round(to)} ${high}`
  }
  return lines
}

/** A value holds until the next; null ends the line. */
const paths = (xs: number[], ys: (number | null)[]): { line: string; area: string } => {
  let line = ''
  let area = ''
  let from: number | null = null
  for (const [index, y] of ys.entries()) {
    const x = xs[index] ?? 0
    if (y === null) {
      if (from !== null) {
        line += `H${x}`
        area += `H${x}V${height}Z`
      }
      from = null
    } else if (from === null) {
      line += `M${x} ${y}`
      area += `M${x} ${height}V${y}`
      from = x
    } else {
      line += `H${x}V${y}`
      area += `H${x}V${y}`
    }
  }
  if (from !== null) {
    line += `H${width}`
    area += `H${width}V${height}Z`
  }
  return { line, area }
}

const round = (value: number): number => Math.round(value * 10) / 10
