import { useRef, useState } from 'preact/hooks'
import type { GapSeen } from '../../daemon/contract/gap.ts'
import type { Timeline } from '../../daemon/contract/timeline.ts'
import { formatClock, formatInstant, parseTime, type Zone } from '../../daemon/words/format.ts'
import { gapText } from '../../daemon/words/gaps.ts'
import { outcomeWords } from '../../daemon/words/words.ts'
import { placeOf, type TimeWindow, ticksOf, timeAt } from '../time-window.ts'

type Props = {
  window: TimeWindow
  timeline: Timeline | null
  /** The moment shown, in Unix ms. */
  at: number
  isPast: boolean
  /** Where the record ends; what lies behind it has not happened yet. */
  end: number
  zone: Zone
  onPick: (ms: number) => void
}

const ticksShown = 6
/** A finger or a mouse that comes this close to a mark means the mark. */
const snapPx = 7

/** The record as a line of time: transitions, findings and gaps, and a handle to take hold of. */
export function TimeTrack({ window, timeline, at, isPast, end, zone, onPick }: Props) {
  const track = useRef<HTMLDivElement>(null)
  const [pointed, setPointed] = useState<number | null>(null)
  const marks = timeline === null ? [] : marksOf(timeline)

  function timeUnder(event: PointerEvent, snaps: boolean): number {
    const box = track.current?.getBoundingClientRect()
    if (!box) return at
    const time = Math.min(timeAt(window, (event.clientX - box.left) / box.width), end)
    if (!snaps) return time
    const reach = ((window.to - window.from) * snapPx) / box.width
    const near = marks.filter((mark) => Math.abs(mark - time) <= reach)
    return near.sort((a, b) => Math.abs(a - time) - Math.abs(b - time))[0] ?? time
  }

  function drag(event: PointerEvent) {
    setPointed(timeUnder(event, true))
    if (track.current?.hasPointerCapture(event.pointerId)) onPick(timeUnder(event, false))
  }

  const percent = (time: number) => `${(placeOf(window, time) * 100).toFixed(3)}%`
  const { date, clock } = formatInstant(at, zone)
  return (
    <div
      class="track"
      ref={track}
      role="slider"
      tabIndex={0}
      aria-label="Moment shown"
      aria-valuemin={Math.round(window.from)}
      aria-valuemax={Math.round(window.to)}
      aria-valuenow={Math.round(at)}
      aria-valuetext={isPast ? `${date} ${clock}` : 'now'}
      data-testid="time-track"
      onPointerDown={(event) => {
        track.current?.setPointerCapture(event.pointerId)
        onPick(timeUnder(event, true))
      }}
      onPointerMove={drag}
      onPointerLeave={() => setPointed(null)}
    >
      <div class="track-lanes">
        {timeline?.gaps.map((gap) => (
          <Stretch
            key={`${gap.source} ${gap.from}`}
            kind="gap"
            seen={gap.seen}
            from={gap.from}
            to={gap.lasts ? new Date(end).toISOString() : gap.to}
            window={window}
            title={gapText(gap)}
          />
        ))}
        {timeline?.transitions.map((one) => (
          <Stretch
            key={one.id}
            kind="transition"
            level={one.outcome}
            from={one.startedAt}
            to={one.endedAt ?? (one.outcome === 'running' ? null : one.startedAt)}
            window={window}
            title={`${one.patch}: ${one.direction}, ${outcomeWords[one.outcome] ?? one.outcome}`}
          />
        ))}
        {timeline?.findings.map((one) => (
          <Stretch
            key={one.id}
            kind="finding"
            level={one.severity}
            from={one.openedAt}
            to={one.closedAt}
            window={window}
            title={`${one.severity}: ${one.summary}`}
          />
        ))}
        {!isPast && <span class="track-hint">Touch to look back</span>}
        {end < window.to && <div class="track-future" style={{ left: percent(end) }} />}
        {pointed !== null && (
          <div class="track-pointer" style={{ left: percent(pointed) }}>
            <span data-side={placeOf(window, pointed) > 0.5 ? 'left' : 'right'}>
              {labelOf(pointed, zone)}
            </span>
          </div>
        )}
        <div class="track-handle" data-past={isPast} style={{ left: percent(Math.min(at, window.to)) }} />
      </div>
      <div class="track-ticks" aria-hidden="true">
        {ticksOf(window, ticksShown, zoneOffsetMs(window.to, zone)).map((tick) => (
          <span key={tick} style={{ left: percent(tick) }}>
            {tickLabel(tick, window, zone)}
          </span>
        ))}
      </div>
    </div>
  )
}

type StretchProps = {
  kind: 'gap' | 'transition' | 'finding'
  level?: string
  seen?: GapSeen
  from: string
  /** Null: it lasts. */
  to: string | null
  window: TimeWindow
  title?: string
}

function Stretch({ kind, level, seen, from, to, window, title }: StretchProps) {
  const start = Math.max(-0.01, placeOf(window, parseTime(from) ?? window.from))
  const stop = Math.min(1.01, to === null ? 1.01 : placeOf(window, parseTime(to) ?? window.to))
  if (stop < 0 || start > 1) return null
  return (
    <div
      class={seen === undefined ? `track-${kind}` : `track-${kind} gap-look`}
      data-level={level}
      data-seen={seen}
      title={title}
      style={{
        left: `${(start * 100).toFixed(3)}%`,
        width: `${(Math.max(0, stop - start) * 100).toFixed(3)}%`,
      }}
    />
  )
}

function marksOf(timeline: Timeline): number[] {
  const times = [
    ...timeline.transitions.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt]),
    ...timeline.findings.flatMap(({ openedAt, closedAt }) => [openedAt, closedAt]),
  ]
  return times.flatMap((time) => {
    const ms = parseTime(time)
    // The API cuts nothing off a time, this page does: a millisecond later all of it has happened.
    return ms === null ? [] : [ms + 1]
  })
}

const dayMs = 86_400_000

function tickLabel(ms: number, window: TimeWindow, zone: Zone): string {
  const span = window.to - window.from
  const clock = formatClock(ms, zone)
  const text = span < 10 * 60_000 ? clock : clock.slice(0, 5)
  return span < dayMs && text !== '00:00' ? text : `${formatInstant(ms, zone).date.slice(5)} ${text}`
}

function labelOf(ms: number, zone: Zone): string {
  return formatInstant(ms, zone).clock
}

function zoneOffsetMs(ms: number, zone: Zone): number {
  return zone === 'utc' ? 0 : -new Date(ms).getTimezoneOffset() * 60_000
}
