import { useContext, useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { formatClock, formatCount, unknownText } from '../../daemon/words/format.ts'
import { ClockContext } from '../clock.ts'
import { preferences } from '../preferences.ts'
import { useStore } from '../store.ts'
import { keptMs } from '../view.ts'
import { GapLegend } from '../views/gap-legend.tsx'
import { type Band, drawBands, drawMarks, type Mark } from './bands.ts'
import { cssColor, useColorScheme } from './color-scheme.ts'
import { bandsWithin } from './gap-bands.ts'

export type Line = {
  label: string
  colorProperty: string
  dash?: number[]
  fill?: boolean
  stepped?: boolean
  /** What the legend says where there is no value. */
  missing?: string
}

export type TimeChartProps = {
  /** Columnar: times in Unix ms, then one column per line; null is a gap, undefined no sample of this line. */
  data: uPlot.AlignedData
  lines: Line[]
  bands: Band[]
  marks: Mark[]
  height: number
  /** `tail`: logarithmic above 1 yet with a zero, so that the last task of thousands is still to be seen. */
  scale: 'linear' | 'tail'
  description: string
  testId: string
}

const shortestMs = 60_000
const font = '11px system-ui, sans-serif'

/** Counts over the last minutes. uPlot owns the canvas; this feeds it columns and redraws it on new colours. */
export function TimeChart(props: TimeChartProps) {
  const holder = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef(props)
  latest.current = props
  const readNow = useContext(ClockContext)
  const { zone } = useStore(preferences)
  const scheme = useColorScheme()
  const lineKey = props.lines.map((line) => line.label).join(' ')

  useEffect(() => {
    const element = holder.current
    if (element === null) return
    const made = new uPlot(
      chartOptions(element, latest, readNow, (ms) => formatClock(ms, zone)),
      latest.current.data,
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => {
      if (element.clientWidth !== made.width)
        made.setSize({ width: element.clientWidth, height: latest.current.height })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [scheme, zone, lineKey, props.scale, readNow])

  useEffect(() => plot.current?.setData(props.data))

  const times = props.data[0]
  const [from, to] = timeWindow(readNow(), times[0] ?? null, lastOf(times) ?? null)
  return (
    <>
      <div class="chart" ref={holder} role="img" aria-label={props.description} data-testid={props.testId} />
      <GapLegend looks={bandsWithin(props.bands, from, to).map(({ seen }) => seen)} />
    </>
  )
}

function chartOptions(
  element: HTMLElement,
  latest: { current: TimeChartProps },
  readNow: () => number,
  clock: (ms: number) => string,
): uPlot.Options {
  const { lines, height, scale } = latest.current
  const grid = { stroke: cssColor(element, '--line'), width: 1 }
  const muted = cssColor(element, '--muted')
  const axis = { stroke: muted, font, grid, ticks: { show: false } }
  const colors = {
    hatch: cssColor(element, '--hatch'),
    ground: cssColor(element, '--gap-ground'),
    text: muted,
    halo: cssColor(element, '--surface'),
    mark: muted,
    font: `${11 * devicePixelRatio}px system-ui, sans-serif`,
  }
  return {
    width: element.clientWidth,
    height,
    ms: 1,
    padding: [8, 12, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      // Not from what uPlot says of the data: of a single point it makes a stretch.
      x: { time: true, range: (u) => timeWindow(readNow(), u.data[0][0] ?? null, lastOf(u.data[0]) ?? null) },
      y: {
        distr: scale === 'tail' ? 4 : 1,
        asinh: 1,
        range: (_u, _low, high) => [0, Math.max(1, high ?? 0) * (scale === 'tail' ? 1.6 : 1.12)],
      },
    },
    axes: [
      { ...axis, size: 30, space: 76, values: (_u, times) => times.map(clock) },
      {
        ...axis,
        size: 52,
        splits: scale === 'tail' ? (u) => tailSplits(u.scales.y?.max ?? 1) : undefined,
        values: (_u, values) => values.map((value) => (Number.isInteger(value) ? formatCount(value) : '')),
      },
    ],
    series: [
      { label: 'Time', value: (u, time) => clock(time ?? lastOf(u.data[0]) ?? readNow()) },
      ...lines.map((line) => lineOptions(element, line)),
    ],
    hooks: {
      drawClear: [(u) => drawBands(u, latest.current.bands, colors)],
      draw: [(u) => drawMarks(u, latest.current.marks, colors)],
    },
  }
}

function lineOptions(element: HTMLElement, line: Line): uPlot.Series {
  const color = cssColor(element, line.colorProperty)
  return {
    label: line.label,
    stroke: color,
    width: 1.75,
    dash: line.dash,
    fill: line.fill ? cssColor(element, '--chart-fill') : undefined,
    paths: line.stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined,
    spanGaps: false,
    points: { size: 5, fill: color },
    // Away from the cursor the legend tells the newest value.
    value: (u, value, index, at) => {
      const shown = at === null || at === undefined ? lastOf(u.data[index]) : value
      return shown === null || shown === undefined ? (line.missing ?? unknownText) : formatCount(shown)
    },
  }
}

/** The window ends now, and grows with the data from one minute to all that is kept. */
function timeWindow(now: number, first: number | null, last: number | null): [number, number] {
  const to = Math.max(now, last ?? now)
  return [Math.max(to - keptMs, Math.min(first ?? to, to - shortestMs)), to]
}

function tailSplits(max: number): number[] {
  const splits = [0]
  for (let value = 1; value <= max; value *= 10) splits.push(value)
  return splits
}

function lastOf(column: ArrayLike<number | null | undefined> | undefined): number | null | undefined {
  return column?.[column.length - 1]
}
