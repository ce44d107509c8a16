import type { Headline } from '../../daemon/contract/state.ts'
import { formatAge, formatMoment } from '../../daemon/words/format.ts'
import type { Connection } from '../client.ts'
import { useTicking } from '../clock.ts'
import { type Preferences, preferences, setPreference, type Theme } from '../preferences.ts'
import { useStore } from '../store.ts'
import type { TravelState } from '../travel.ts'
import type { View } from '../view.ts'
import { Navigation } from './navigation.tsx'
import { WhichMoment } from './which-moment.tsx'

/** A hiccup shorter than this is "reconnecting"; after it the page owns up to showing the past. */
const patienceMs = 5_000

type Said = { tone: 'live' | 'waiting' | 'lost'; text: string }

function say(connection: Connection, view: View, now: number, zone: Preferences['zone']): Said {
  const moment = (ms: number) => formatMoment(ms + view.clockOffsetMs, now + view.clockOffsetMs, zone)
  const lastingMs = now - connection.since
  switch (connection.phase) {
    case 'live':
      return { tone: 'live', text: 'Connected' }
    case 'incompatible':
      return {
        tone: 'lost',
        text: `The daemon was updated (protocol ${connection.serverVersion}): reload the page.`,
      }
    case 'connecting':
      return {
        tone: lastingMs < patienceMs ? 'waiting' : 'lost',
        text: `Connecting for ${formatAge(lastingMs)}`,
      }
    case 'lost':
      return lastingMs < patienceMs
        ? { tone: 'waiting', text: `Reconnecting since ${moment(connection.since)}` }
        : {
            tone: 'lost',
            text: `Not connected for ${formatAge(lastingMs)}: the page shows the state of ${moment(view.receivedAt)}. Trying again.`,
          }
  }
}

type Props = {
  connection: Connection
  view: View
  past: TravelState
  /** What the present is like; null where there is none. */
  live: Headline | null
  readNow: () => number
  onReturn: () => void
}

/** The sticky top: whether what the page shows is the present. */
export function ConnectionLine({ connection, view, past, live, readNow, onReturn }: Props) {
  const { theme, zone } = useStore(preferences)
  // The browser's own clock: the server's stands still while the connection is lost.
  const now = useTicking(Date.now)
  const { tone, text } = say(connection, view, now, zone)
  const isPast = past.moment !== null
  return (
    <header class="top" data-tone={isPast ? 'past' : tone}>
      <div class="top-row">
        <span class="brand">klpscope</span>
        <span class="host">{view.state?.host?.hostname}</span>
        <Navigation state={view.state} />
        {isPast ? (
          <WhichMoment state={past} readNow={readNow} live={live} onReturn={onReturn} />
        ) : (
          <span class="connection" data-testid="connection" data-phase={connection.phase}>
            <span class="dot" aria-hidden="true" />
            {text}
            {connection.phase === 'incompatible' && (
              <button type="button" class="button" onClick={() => location.reload()}>
                Reload
              </button>
            )}
          </span>
        )}
        <span class="visually-hidden" role="status">
          {isPast
            ? 'The page shows the past'
            : tone === 'live'
              ? 'Connected'
              : 'Not connected, the page shows an old state'}
        </span>
        <span class="choices">
          <button
            type="button"
            class="button"
            onClick={() => setPreference({ zone: zone === 'utc' ? 'local' : 'utc' })}
            aria-label={`Times are ${zone === 'utc' ? 'in UTC' : 'local'}; switch`}
            title="Times in the local zone or in UTC"
          >
            {zone === 'utc' ? 'UTC' : 'Local'}
          </button>
          <button
            type="button"
            class="button"
            onClick={() => setPreference({ theme: nextTheme[theme] })}
            aria-label={`Colours: ${themeWords[theme]}; switch`}
            title="Light, dark, or as the system has it"
          >
            {themeWords[theme]}
          </button>
        </span>
      </div>
    </header>
  )
}

const nextTheme: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }
const themeWords: Record<Theme, string> = { system: 'Auto', light: 'Light', dark: 'Dark' }
