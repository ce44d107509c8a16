import { useContext } from 'preact/hooks'
import { formatAge, formatMoment, parseTime, unknownText } from '../../daemon/words/format.ts'
import { ClockContext, useNow } from '../clock.ts'
import { momentHash } from '../moment.ts'
import { preferences } from '../preferences.ts'
import { useStore } from '../store.ts'

/** A moment in the reader's time zone; the full RFC 3339 text is its tooltip. */
export function Moment({ time }: { time: string | null }) {
  const { zone } = useStore(preferences)
  const now = useContext(ClockContext)()
  const ms = parseTime(time)
  if (ms === null || time === null) return <span>{unknownText}</span>
  return (
    <time dateTime={time} title={time}>
      {formatMoment(ms, now, zone)}
    </time>
  )
}

/** How long ago, ticking. Outside of live regions, or a screen reader would count the seconds aloud. */
export function Elapsed({ since }: { since: string | null }) {
  const now = useNow()
  const ms = parseTime(since)
  return (
    <span class="elapsed" title={since ?? undefined}>
      {ms === null ? unknownText : formatAge(now - ms)}
    </span>
  )
}

/** A moment that leads there: the whole page as it was then. */
export function MomentLink({ time, seq = null }: { time: string | null; seq?: number | null }) {
  if (time === null) return <Moment time={time} />
  return (
    <a class="moment-link" href={momentHash({ time, seq })} title={`Show the page as it was at ${time}`}>
      <Moment time={time} />
    </a>
  )
}
