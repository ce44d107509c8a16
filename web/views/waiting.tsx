import type { Connection } from '../client.ts'
import type { TravelState } from '../travel.ts'

/** Before the first snapshot: what is missing, and what to do. */
export function Waiting({ connection, past }: { connection: Connection; past: TravelState }) {
  return (
    <main>
      <section class="section waiting">
        {past.trouble !== null ? (
          <>
            <h1>This cannot be shown</h1>
            <p>{past.trouble}</p>
            <p>
              <a href="/">To the dashboard</a>
            </p>
          </>
        ) : past.moment !== null ? (
          <h1>Fetching that moment</h1>
        ) : connection.phase === 'incompatible' ? (
          <>
            <h1>Reload the page</h1>
            <p>
              The daemon speaks another version of the protocol than this page. Reloading fetches the right
              page.
            </p>
          </>
        ) : (
          <>
            <h1>Waiting for the daemon</h1>
            <p>
              Nothing has arrived yet. If this lasts longer than a few seconds, see whether the daemon runs:{' '}
              <code>klpscope status</code>, then <code>klpscope doctor</code>.
            </p>
          </>
        )}
      </section>
    </main>
  )
}
