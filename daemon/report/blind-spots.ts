import type { Cause } from '../contract/cause.ts'
import type { Event, EventOf } from '../contract/event.ts'
import type { Gap } from '../contract/gap.ts'
import type { Straggler } from '../contract/report.ts'
import { isUserProbeSource } from '../contract/user-probe.ts'
import { causesOf } from '../core/causes.ts'
import type { Watch } from '../core/gap.ts'
import { formatDuration, plural } from '../words/format.ts'
import { gapText } from '../words/gaps.ts'
import type { ReportEvidence } from './report-evidence.ts'
import { clock } from './report-words.ts'

const ofKind = <K extends Event['kind']>(events: readonly Event[], kind: K): EventOf<K>[] =>
  events.filter((event): event is EventOf<K> => event.kind === kind)

/** What a report cannot know, a sentence each; the gravest first. */
export const blindSpotsOf = (
  { transition, around, before, after }: ReportEvidence,
  stragglers: readonly Straggler[],
  { gaps, watch }: { gaps: readonly Gap[]; watch: Watch },
): string[] => {
  const { startedMonoNs } = transition
  const during = around.filter((event) => BigInt(event.monoNs) >= BigInt(startedMonoNs))
  const spots: string[] = []
  const causes = causesOf(watch)
  const blind = causes.find(({ subject }) => subject === 'tracer')
  // Where no probe saw anything all of this has one cause, and is told with it.
  const unseen: string[] = []
  if (!transition.startKnown && transition.outcome !== 'cancelled')
    unseen.push(
      'It was already running when first seen: when it began, who asked for it and what happened until then is not known.',
    )
  else if (transition.requester === null) unseen.push('Who asked for it was not seen.')
  if (transition.outcome === 'unknown') unseen.push('Its end was not seen.')
  if (!blind) spots.push(...unseen)
  const blindGap = gaps.find(
    ({ seen, to, lasts }) => seen === 'polling' && (lasts || to >= (transition.endedAt ?? to)),
  )

  for (const gap of gaps) {
    const length = formatDuration(Date.parse(gap.to) - Date.parse(gap.from))
    const told = `For ${length} until ${clock(gap.to)} ${gapText(gap)}.`
    spots.push(blind && gap === blindGap ? [told, notSeen(blind), ...unseen].join(' ') : told)
  }
  for (const cause of causes) {
    if (cause === blind && blindGap) continue
    const told = cause === blind ? [notSeen(cause), ...unseen] : cause.lost.length > 1 ? [notSeen(cause)] : []
    spots.push([`${capital(cause.text)}.`, ...told].join(' '))
  }
  if (gaps.length === 0 && watch.probeSets.length === 0)
    spots.push('No probe was attached: only sysfs and /proc told.')

  const lost = ofKind(during, 'events-lost')
    .filter(({ source }) => !isUserProbeSource(source))
    .reduce((sum, event) => sum + event.count, 0)
  if (lost > 0) spots.push(`${plural(lost, 'event')} were lost on the way from the kernel.`)
  const unread = ofKind(during, 'decode-failed').length
  if (unread > 0) spots.push(`${plural(unread, 'record')} of the tracer could not be read.`)
  const clockJump = ofKind(during, 'clock-mapped').find(
    (event) => Math.abs(Number(BigInt(event.offsetNs) - BigInt(before.clockOffsetNs))) > 1e9,
  )
  if (clockJump) spots.push(`The wall clock was set at ${clock(clockJump.time)}: times of day jump there.`)

  const stackless = stragglers.filter((task) => task.stack === null && task.durationMs >= 1000).length
  if (stackless > 0)
    spots.push(`The kernel ${plural(stackless, 'stack')} of blocked tasks could not be read.`)
  if (!blind && (before.shadow.adoption !== 'complete' || after.shadow.adoption !== 'complete'))
    spots.push('Shadow variables older than the tracer are not all counted in.')
  return spots
}

const notSeen = ({ lost }: Cause): string => `Not seen: ${lost.join('; ')}.`
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
