import type { Event, EventKind, EventOf } from '../contract/event.ts'
import type { Gap } from '../contract/gap.ts'
import { seenWithout } from '../contract/seen-without.ts'
import type { Tracer } from '../contract/state.ts'
import { isTracerPart } from '../contract/tracer-part.ts'
import { formatTime, parseTime } from './time.ts'

/** All that tells of gaps. */
export const gapKinds = [
  'tracer-started',
  'tracer-attached',
  'tracer-stopped',
  'tracer-gap',
  'clock-mapped',
] as const satisfies readonly EventKind[]

/** What is known of the watch that is kept: `gaps` are those that told an end, newest first. */
export type Watch = Pick<Tracer, 'status' | 'since' | 'probeSets' | 'gaps'>

const notYet = '1970-01-01T00:00:00.000000000Z'
export const noWatch: Watch = { status: 'stopped', since: notYet, probeSets: [], gaps: [] }

/** A virtual machine that is short of time shows fractions of a second of it. */
const shortestSleepNs = 1_000_000_000n
const attaching = 'the probes were being attached'

/** The watch after an event: since when it is as it is, and what was missed before. @param kept so many gaps at most */
export const keepWatch = (before: Watch, event: Event, kept: number): Watch => {
  const add = (...gaps: Gap[]): Gap[] => gaps.reduce(withGap, before.gaps).slice(0, kept)
  const ended = (): Gap[] => {
    const open = openGap(before)
    return open ? add({ ...open, to: latest(open.from, event.time) }) : before.gaps
  }
  switch (event.kind) {
    case 'tracer-started':
      return { status: 'starting', since: event.time, probeSets: [], gaps: ended() }
    case 'tracer-attached': {
      const { probeSets } = event
      const complete = probeSets.every((set) => set.available && !set.lost)
      const status = complete ? 'observing' : probeSets.some((set) => set.available) ? 'degraded' : 'blind'
      // Tried again in vain: it is blind since the first time.
      if (status === 'blind' && isUnattached(before)) return { ...before, status, probeSets }
      return { status, since: event.time, probeSets, gaps: ended() }
    }
    case 'tracer-stopped':
      return { ...before, status: 'stopped', since: event.time, gaps: ended() }
    case 'tracer-gap': {
      const gap = toldGap(event)
      if (!isTracerPart(event.source)) return { ...before, gaps: add(gap) }
      const since = isUnattached(before) ? earliest(before.since, gap.from) : gap.from
      return { ...before, status: 'starting', since, gaps: add(gap) }
    }
    case 'clock-mapped':
      return BigInt(event.suspendedNs ?? 0) < shortestSleepNs
        ? before
        : { ...before, gaps: add(asleep(event)) }
    default:
      return before
  }
}

/** All gaps, newest first; the first may be one that lasts. */
export const gapsOf = (watch: Watch): Gap[] => {
  const open = openGap(watch)
  return open ? withGap(watch.gaps, { ...open, lasts: true }) : watch.gaps
}

const isUnattached = ({ status }: Watch): boolean => status === 'starting' || status === 'blind'

/** What goes on being missed. */
const openGap = (watch: Watch): Gap | null => {
  const { status, since } = watch
  if (since === notYet) return null
  const begun = { from: since, to: since }
  if (status === 'stopped')
    return { ...begun, source: 'daemon', reason: 'the daemon was not running', seen: 'nothing' }
  if (!isUnattached(watch)) return null
  return { ...begun, source: 'tracer', reason: whyUnattached(watch), seen: 'polling' }
}

const whyUnattached = ({ status, since, probeSets, gaps }: Watch): string => {
  const told = gaps.find((gap) => isTracerPart(gap.source) && gap.from <= since && gap.to >= since)
  if (told) return told.reason
  const reason = status === 'blind' ? probeSets.find((set) => set.reason !== undefined)?.reason : undefined
  return reason?.split('; not seen: ')[0] ?? attaching
}

/** The clock may have been set in the middle of a gap between two runs, and after a reboot another one runs: it tells by itself when it began. */
const toldGap = ({ source, reason, time, fromTime, fromMonoNs, toMonoNs }: EventOf<'tracer-gap'>): Gap => ({
  source,
  from: fromTime ?? formatTime(parseTime(time) - (BigInt(toMonoNs) - BigInt(fromMonoNs))),
  to: time,
  reason,
  seen: seenWithout(source),
})

const asleep = ({ time, suspendedNs }: EventOf<'clock-mapped'>): Gap => ({
  source: 'host',
  from: formatTime(parseTime(time) - BigInt(suspendedNs ?? 0)),
  to: time,
  reason: 'the host was suspended',
  seen: 'nothing',
})

/** Where nothing was seen, no lesser gap is told; what touches another of its source is one with it. */
const withGap = (gaps: readonly Gap[], gap: Gap): Gap[] => {
  const isNothing = gap.seen === 'nothing'
  const pieces = isNothing
    ? [gap]
    : gaps.reduce<Gap[]>(
        (left, other) => (other.seen === 'nothing' ? left.flatMap((one) => without(one, other)) : left),
        [gap],
      )
  const others = isNothing
    ? gaps.flatMap((other) => (other.seen === 'nothing' ? [other] : without(other, gap)))
    : [...gaps]
  return pieces.reduce(joined, others).sort(newestFirst)
}

const without = (gap: Gap, hole: Gap): Gap[] => {
  if (hole.to < gap.from || (hole.from > gap.to && !gap.lasts)) return [gap]
  const { lasts: _, ...ending } = gap
  const before = gap.from < hole.from ? [{ ...ending, to: hole.from }] : []
  const after = gap.to > hole.to || gap.lasts ? [{ ...gap, from: hole.to, to: latest(gap.to, hole.to) }] : []
  return [...before, ...after]
}

const joined = (gaps: Gap[], gap: Gap): Gap[] => {
  const other = gaps.find(
    (each) =>
      isOneSource(each.source, gap.source) && each.from <= gap.to && gap.from <= each.to && !each.lasts,
  )
  if (!other) return [...gaps, gap]
  const [first, second] = other.from <= gap.from ? [other, gap] : [gap, other]
  const reason = first.reason === attaching ? second.reason : first.reason
  const both = { ...gap, from: first.from, to: latest(first.to, second.to), reason }
  return [...gaps.filter((each) => each !== other), both]
}

const isOneSource = (one: string, other: string): boolean =>
  one === other || (isTracerPart(one) && isTracerPart(other))

const newestFirst = (a: Gap, b: Gap): number => {
  if (a.lasts !== b.lasts) return a.lasts ? -1 : 1
  return a.to === b.to ? order(b.from, a.from) : order(b.to, a.to)
}
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const latest = (a: string, b: string): string => (a > b ? a : b)
const earliest = (a: string, b: string): string => (a < b ? a : b)
