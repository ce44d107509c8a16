/** The stretch of time that the bar shows, in Unix milliseconds. */
export type TimeWindow = { from: number; to: number }

export type Span = { label: string; ms: number }

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export const spans: Span[] = [
  { label: '5 min', ms: 5 * minute },
  { label: '15 min', ms: 15 * minute },
  { label: '1 h', ms: hour },
  { label: '6 h', ms: 6 * hour },
  { label: '1 day', ms: day },
  { label: '1 week', ms: 7 * day },
  { label: 'All', ms: Number.POSITIVE_INFINITY },
]

const shortestMs = 10_000

/**
 * The window of this span that shows `at`: the one before if it does, else one around it; never past the record's
 * ends while the record fills it.
 * @param follows the window's end stays at the record's
 */
export function windowAround(
  record: TimeWindow,
  span: number,
  at: number,
  before: TimeWindow | null,
  follows: boolean,
): TimeWindow {
  const whole = Math.max(shortestMs, record.to - record.from)
  if (span >= whole) return { from: record.to - whole, to: record.to }
  if (follows) return { from: record.to - span, to: record.to }
  const keeps = before !== null && sameSpan(before, span) && at >= before.from && at <= before.to
  const from = keeps ? before.from : at - span / 2
  const inside = Math.min(Math.max(from, record.from), record.to - span)
  return { from: inside, to: inside + span }
}

const sameSpan = (window: TimeWindow, span: number): boolean => Math.abs(window.to - window.from - span) < 1

/** Where a time lies in the window, 0 to 1; outside of it beyond that. */
export function placeOf(window: TimeWindow, time: number): number {
  return (time - window.from) / (window.to - window.from)
}

export function timeAt(window: TimeWindow, place: number): number {
  return window.from + Math.min(1, Math.max(0, place)) * (window.to - window.from)
}

/** Round moments to label, at most `count` of them. */
export function ticksOf(window: TimeWindow, count: number, offsetMs: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30].map((s) => s * 1000)
  const all = [
    ...steps,
    ...[1, 2, 5, 10, 15, 30].map((m) => m * minute),
    ...[1, 2, 3, 6, 12].map((h) => h * hour),
    ...[1, 2, 7, 14, 30, 90, 365].map((d) => d * day),
  ]
  const step = all.find((each) => (window.to - window.from) / each <= count) ?? 365 * day
  const ticks = []
  // Days begin at midnight where the reader is.
  for (let at = Math.ceil((window.from + offsetMs) / step) * step - offsetMs; at <= window.to; at += step)
    ticks.push(at)
  return ticks
}
