import { useEffect, useRef, useState } from 'preact/hooks'
import type { Gap, GapSeen } from '../../daemon/contract/gap.ts'
import type { Timeline } from '../../daemon/contract/timeline.ts'
import { formatInstant, parseTime } from '../../daemon/words/format.ts'
import { useTicking } from '../clock.ts'
import { momentAt } from '../moment.ts'
import { preferences } from '../preferences.ts'
import type { RecordClient } from '../record-client.ts'
import { useStore } from '../store.ts'
import { useTimeKeys } from '../time-keys.ts'
import { spans, type TimeWindow, windowAround } from '../time-window.ts'
import type { Travel } from '../travel.ts'
import { GapLegend } from './gap-legend.tsx'
import { TimePlay, TimeSteps } from './time-controls.tsx'
import { TimeTrack } from './time-track.tsx'

type Props = {
  travel: Travel
  client: RecordClient
  /** The server's present, in Unix ms. */
  readNow: () => number
  /** Changes when the record got something to draw. */
  news: string
}

const hourMs = 3_600_000
const settleMs = 150

/** Where in the record the page is, and every way to another moment. */
export function TimeBar({ travel, client, readNow, news }: Props) {
  const state = useStore(travel.store)
  const { zone } = useStore(preferences)
  const now = useTicking(readNow)
  const bar = useRef<HTMLElement>(null)
  const [span, setSpan] = useState<number | null>(null)
  const before = useRef<TimeWindow | null>(null)
  useTimeKeys(travel, bar)

  const { record, moment } = state
  const isLive = record?.live !== false
  const first = parseTime(record?.first?.time ?? null)
  const end = isLive ? now : (parseTime(record?.last?.time ?? null) ?? now)
  const at = moment === null ? end : (parseTime(moment.time) ?? end)
  const extent = { from: Math.min(first ?? end, end), to: end }
  const shownSpan = span ?? (isLive ? hourMs : Number.POSITIVE_INFINITY)
  const window = windowAround(extent, shownSpan, at, before.current, moment === null)
  before.current = window
  const timeline = useTimeline(client, window, news)
  const unseen = moment === null ? null : (blindnessAround(timeline, at)?.reason ?? null)
  useEffect(() => travel.setUnseen(unseen), [travel, unseen])
  if (first === null) return null

  const { date, clock } = formatInstant(at, zone)
  return (
    <section class="time-bar" ref={bar} aria-label="Time" data-past={moment !== null} data-testid="time-bar">
      <div class="time-bar-inner">
        <p class="time-bar-now">
          {moment === null ? (
            <strong>Now</strong>
          ) : (
            <>
              <strong data-testid="moment-clock">{clock}</strong> <span>{date}</span>
            </>
          )}
        </p>
        <TimeSteps travel={travel} isPast={moment !== null} />
        <div class="time-choices">
          {moment !== null && <TimePlay travel={travel} speed={state.speed} isPlaying={state.isPlaying} />}
          <select
            class="button"
            aria-label="Stretch of time shown"
            title="Stretch of time shown"
            value={String(shownSpan)}
            onChange={(event) => setSpan(Number(event.currentTarget.value))}
          >
            {spans.map(({ label, ms }) => (
              <option key={label} value={String(ms)}>
                {label}
              </option>
            ))}
          </select>
          {moment !== null && (
            <button
              type="button"
              class="button to-end"
              title={isLive ? 'Back to the present (key: Escape)' : 'To the end of the record (key: Escape)'}
              data-testid="to-end"
              onClick={() => travel.goToEnd()}
            >
              {isLive && <span class="wide">Back to </span>}
              {isLive ? 'now' : 'End'}
            </button>
          )}
        </div>
        <TimeTrack
          window={window}
          timeline={timeline}
          at={at}
          isPast={moment !== null}
          end={end}
          zone={zone}
          onPick={(ms) => travel.goTo(momentAt(Math.max(ms, (first ?? 0) + 1)))}
        />
        <GapLegend looks={looksIn(timeline, window)} />
        {unseen !== null && (
          <p class="time-trouble">
            Nothing was seen at that moment: {unseen}. The page shows what was known before.
          </p>
        )}
        {state.trouble !== null && (
          <p class="time-trouble" role="alert">
            {state.trouble}
          </p>
        )}
      </div>
    </section>
  )
}

/** Where sysfs and /proc were still looked at the page is as good as they are; a finding says what it lacks. */
function blindnessAround(timeline: Timeline | null, at: number): Gap | undefined {
  return timeline?.gaps.find(
    ({ from, to, seen }) => seen === 'nothing' && at > (parseTime(from) ?? at) && at < (parseTime(to) ?? at),
  )
}

/** A moment in which only a part was silent is too short to be seen. */
function looksIn(timeline: Timeline | null, window: TimeWindow): GapSeen[] {
  return (timeline?.gaps ?? [])
    .filter(({ from, to, lasts }) => {
      const [start, end] = [parseTime(from), lasts ? Number.POSITIVE_INFINITY : parseTime(to)]
      return start !== null && end !== null && start < window.to && end > Math.max(window.from, start)
    })
    .map(({ seen }) => seen)
}

/** What happened in the window, asked for when it has come to rest. */
function useTimeline(client: RecordClient, window: TimeWindow, news: string): Timeline | null {
  const [timeline, setTimeline] = useState<Timeline | null>(null)
  // A live window moves on all the time; what happens in it is news.
  const [from, to] = [Math.floor(window.from / 60_000), Math.ceil(window.to / 60_000)]
  useEffect(() => {
    let isCurrent = true
    const timer = setTimeout(() => {
      client
        .timeline(from * 60_000, to * 60_000)
        .then((taken) => isCurrent && setTimeline(taken))
        .catch(() => undefined)
    }, settleMs)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [client, from, to, news])
  return timeline
}
