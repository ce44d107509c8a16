import type { Headline } from '../../daemon/contract/state.ts'
import { formatAge, formatInstant, plural } from '../../daemon/words/format.ts'
import { levelWords } from '../../daemon/words/words.ts'
import { useTicking } from '../clock.ts'
import { preferences } from '../preferences.ts'
import { useStore } from '../store.ts'
import type { TravelState } from '../travel.ts'
import { LevelIcon } from './icons.tsx'

type Props = {
  state: TravelState
  /** The server's present, in Unix ms. */
  readNow: () => number
  /** What the present is like, meanwhile. */
  live: Headline | null
  onReturn: () => void
}

/** In the sticky top, while the page shows the past: which moment, and what goes on now. */
export function WhichMoment({ state, readNow, live, onReturn }: Props) {
  const { zone } = useStore(preferences)
  const now = useTicking(readNow)
  const { record, viewedAt } = state
  const { date, clock } = formatInstant(viewedAt, zone)
  if (record?.live === false) {
    return (
      <span class="which-moment" data-testid="which-moment">
        <strong>Replay, not live</strong>
        <span class="record-name">{record.name}</span>
        <span>
          <span class="which-date">{date}</span> {clock.slice(0, 8)}
        </span>
        {record.malformed > 0 && `; ${plural(record.malformed, 'line')} could not be read`}
      </span>
    )
  }
  return (
    <span class="which-moment" data-testid="which-moment">
      <strong>The past, not now</strong>
      <span>
        <span class="which-date">{date}</span> {clock.slice(0, 8)}, {formatAge(now - viewedAt)} ago
      </span>
      {live !== null && (
        <button type="button" class="button now-level" data-level={live.level} onClick={onReturn}>
          <LevelIcon level={live.level} /> Now: {levelWords[live.level] ?? live.level}
        </button>
      )}
    </span>
  )
}
