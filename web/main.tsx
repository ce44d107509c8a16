import { render } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { countsShadow } from '../daemon/contract/shadow-probes.ts'
import type { State, Tracer } from '../daemon/contract/state.ts'
import 'uplot/dist/uPlot.min.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/components.css'
import './styles/headline.css'
import './styles/findings.css'
import './styles/charts.css'
import './styles/gaps.css'
import './styles/shadow.css'
import './styles/tables.css'
import './styles/blocked.css'
import './styles/time-bar.css'
import { activityOf, levelWords } from '../daemon/words/words.ts'
import { type Connection, connect } from './client.ts'
import { ClockContext } from './clock.ts'
import { findingsBeside } from './findings-beside.ts'
import { applyTheme, preferences } from './preferences.ts'
import { createRecordClient } from './record-client.ts'
import { createStore, useStore } from './store.ts'
import { createTravel } from './travel.ts'
import { applyMessage, countMalformed, emptyView, type View } from './view.ts'
import { BlockedTasks } from './views/blocked-tasks.tsx'
import { ConnectionLine } from './views/connection-line.tsx'
import { Events } from './views/events.tsx'
import { Findings } from './views/findings.tsx'
import { PatchedFunctions } from './views/functions.tsx'
import { Guarded } from './views/guarded.tsx'
import { HeadlineView } from './views/headline.tsx'
import { LastTransition } from './views/last-transition.tsx'
import { Patches } from './views/patches.tsx'
import { RemainingTasks } from './views/remaining-tasks.tsx'
import { Samples } from './views/samples.tsx'
import { ShadowVariables } from './views/shadow-variables.tsx'
import { TimeBar } from './views/time-bar.tsx'
import { TracerHealth } from './views/tracer-health.tsx'
import { Waiting } from './views/waiting.tsx'

type Model = { view: View; connection: Connection }

const model = createStore<Model>({ view: emptyView, connection: { phase: 'connecting', since: Date.now() } })

/** `?record=NAME` shows a recording that comes with klpscope in place of the daemon's record. */
const sample = new URLSearchParams(location.search).get('record')
const apiBase = sample === null ? '/api/v1' : `/api/v1/samples/${encodeURIComponent(sample)}`
const client = createRecordClient(apiBase)
const travel = createTravel(client)

/** While live the server's clock runs on between messages; otherwise it stands at the last one, as the data does. */
function liveNow(): number {
  const { view, connection } = model.get()
  return (
    (connection.phase === 'live' || view.state === null ? Date.now() : view.receivedAt) + view.clockOffsetMs
  )
}

/** The clock of what is shown: in the past it stands at that moment. */
function shownNow(): number {
  const { moment, viewedAt } = travel.store.get()
  return moment === null ? liveNow() : viewedAt
}

function seesShadow({ status, probeSets }: Tracer): boolean {
  return status !== 'starting' && probeSets.some(({ name, available }) => name === 'shadow' && available)
}

/** @param then the past moment it shows, in Unix ms; null: it shows the present */
function Dashboard({ view, isLoading, then }: { view: View; isLoading: boolean; then: number | null }) {
  const { state, events, series } = view
  const shadowSeries = useMemo(
    () => Object.values(series).filter((one) => one.name.startsWith('shadow-live:')),
    [series],
  )
  if (state === null) return null
  const { transition, tracer } = state
  return (
    <main aria-busy={isLoading}>
      <Guarded name="Headline">
        <HeadlineView state={state} then={then} />
      </Guarded>
      <Guarded name="Findings">
        <Findings findings={findingsBeside(state)} more={state.headline.finding !== null} />
      </Guarded>
      <div class="pair">
        <Guarded name="Remaining tasks">
          <RemainingTasks
            activity={activityOf(state)}
            transition={transition}
            tasks={state.tasks}
            series={series['remaining-tasks']}
            gaps={tracer.gaps}
          />
        </Guarded>
        <Guarded name="Blocked tasks">
          <BlockedTasks
            blocked={state.blocked}
            total={state.blockedTotal}
            transition={transition}
            tracerStatus={tracer.status}
          />
        </Guarded>
      </div>
      <Guarded name="Shadow variables">
        <ShadowVariables
          shadow={state.shadow}
          isSeen={seesShadow(tracer)}
          isCounted={countsShadow(tracer.probeSets)}
          series={shadowSeries}
          gaps={tracer.gaps}
        />
      </Guarded>
      <Guarded name="Patched functions">
        <PatchedFunctions functions={state.functions} tracerStatus={tracer.status} />
      </Guarded>
      <div class="pair wide-first">
        <Guarded name="Patches">
          <Patches patches={state.patches} tracerStatus={tracer.status} />
        </Guarded>
        <Guarded name="Last transition">
          <LastTransition transition={state.lastTransition} baseline={state.baseline} />
        </Guarded>
      </div>
      <div class="pair wide-first">
        <Guarded name="Events">
          <Events events={events} />
        </Guarded>
        <Guarded name="Tracer health">
          <TracerHealth
            record={state.record}
            tracer={tracer}
            host={state.host}
            malformed={view.malformed}
            why={view.lastMalformed}
          />
        </Guarded>
      </div>
    </main>
  )
}

/** The tab tells the level too, and that it is an old one. */
function useTitle(view: View, marker: string | null): void {
  const level = view.state === null ? null : (levelWords[view.state.headline.level] ?? null)
  const host = view.state?.host?.hostname
  const title = [level, host, 'klpscope'].filter(Boolean).join(' · ')
  useEffect(() => {
    document.title = marker === null || level === null ? title : `(${marker}) ${title}`
  }, [title, marker, level])
}

function Page() {
  const { view: live, connection } = useStore(model)
  const past = useStore(travel.store)
  const isLive = past.record?.live !== false
  const isPast = past.moment !== null
  const view = isPast ? (past.view ?? emptyView) : live
  // In the past what is not known for that moment looks as what is not live.
  const isCurrent = isPast ? past.unseen === null : connection.phase === 'live'
  useTitle(view, isPast ? (isLive ? 'past' : 'replay') : isCurrent ? null : 'not live')
  return (
    <ClockContext.Provider value={shownNow}>
      <div class="page" data-live={isCurrent} data-moment={isPast ? 'past' : 'now'}>
        <ConnectionLine
          connection={connection}
          view={view}
          past={past}
          live={isLive ? (live.state?.headline ?? null) : null}
          readNow={liveNow}
          onReturn={travel.goToEnd}
        />
        {view.state === null ? (
          <Waiting connection={connection} past={past} />
        ) : (
          <Dashboard view={view} isLoading={past.isLoading} then={isPast ? past.viewedAt : null} />
        )}
        <Samples samples={past.record?.samples ?? []} opened={sample} />
        <TimeBar travel={travel} client={client} readNow={liveNow} news={newsOf(live.state)} />
      </div>
    </ClockContext.Provider>
  )
}

/** Other than before when the time bar has something new to draw. */
function newsOf(state: State | null): string {
  if (state === null) return ''
  const { transition, lastTransition, findings, tracer } = state
  return [
    transition?.id,
    transition?.direction,
    lastTransition?.id,
    ...findings.map(({ id }) => id),
    tracer.gaps[0]?.to,
  ].join(' ')
}

function follow(): () => void {
  return connect({
    url: `${location.origin.replace(/^http/, 'ws')}${apiBase}/stream`,
    resumeFrom: () => {
      const { view } = model.get()
      return view.state === null ? null : view.seq
    },
    onConnection: (connection) => {
      model.update((old) => ({ ...old, connection }))
      // Perhaps another daemon, perhaps the first answer.
      if (connection.phase === 'live') void travel.refresh()
    },
    onParsed: (parsed) =>
      model.update((old) => ({
        ...old,
        view:
          parsed.kind === 'malformed'
            ? countMalformed(old.view, 1, parsed.why)
            : countMalformed(
                applyMessage(old.view, parsed.message, Date.now()),
                parsed.dropped,
                'events or points of another shape',
              ),
      })),
  })
}

applyTheme(preferences.get().theme)
const root = document.getElementById('app')
if (root) {
  root.replaceChildren()
  render(<Page />, root)
}

// The present is not kept waiting by a record that takes long to read: only that tells whether there is a present.
const unfollow = sample === null ? follow() : () => undefined
// A replay has no present to follow.
if (!(await travel.start())) unfollow()
