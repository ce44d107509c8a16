import type { Event } from '../contract/event.ts'
import type { TimelineEntry, TransitionReport } from '../contract/report.ts'
import type { Transition } from '../contract/state.ts'
import { millisecondsBetween } from '../core/time.ts'
import { describeEvent } from '../words/describe-event.ts'

/** Looks and counts that come every second; the curve and the tables hold what they tell. */
const periodic: ReadonlySet<Event['kind']> = new Set([
  'task-tries',
  'tasks-observed',
  'task-inspected',
  'clock-mapped',
])
/** The beginning and the end tell more than the middle of a long list. */
const keptFirst = 150
const keptLast = 100

export type TimelineCollector = {
  take: (event: Event) => void
  finish: (around: readonly Event[]) => Pick<TransitionReport, 'timeline' | 'timelineLeftOut'>
}

/** What happened, in order: a sentence each, with the time since the transition began. */
export const collectTimeline = ({ startedMonoNs }: Pick<Transition, 'startedMonoNs'>): TimelineCollector => {
  const entries: TimelineEntry[] = []
  const blockedAs = new Map<number, string>()
  let switched: Event | undefined

  const entry = (event: Event): TimelineEntry => ({
    seq: event.seq,
    time: event.time,
    offsetMs: millisecondsBetween(startedMonoNs, event.monoNs),
    kind: event.kind,
    text: describeEvent(event),
  })
  const isNews = (event: Event): boolean => {
    if (periodic.has(event.kind)) return false
    if (event.kind !== 'task-blocked') return true
    const why = `${event.reason} ${event.function}`
    if (blockedAs.get(event.tid) === why) return false
    blockedAs.set(event.tid, why)
    return true
  }

  return {
    take: (event) => {
      if (event.kind === 'tasks-switched') switched = event
      else if (isNews(event)) entries.push(entry(event))
    },
    finish: (around) => {
      const all = [
        ...entries,
        ...(switched ? [entry(switched)] : []),
        ...around.filter(isNews).map(entry),
      ].sort((a, b) => a.offsetMs - b.offsetMs || a.seq - b.seq)
      if (all.length <= keptFirst + keptLast) return { timeline: all, timelineLeftOut: 0 }
      return {
        timeline: [...all.slice(0, keptFirst), ...all.slice(-keptLast)],
        timelineLeftOut: all.length - keptFirst - keptLast,
      }
    },
  }
}
