import { render } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import 'uplot/dist/uPlot.min.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/components.css'
import './styles/headline.css'
import './styles/findings.css'
import './styles/charts.css'
import './styles/tables.css'
import './styles/blocked.css'
import { type Connection, connect } from './client.ts'
import { ClockContext } from './clock.ts'
import { applyTheme, preferences } from './preferences.ts'
import { createStore, useStore } from './store.ts'
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
import { ShadowVariables } from './views/shadow-variables.tsx'
import { TracerHealth } from './views/tracer-health.tsx'
import { Waiting } from './views/waiting.tsx'
import { activityOf, levelWords } from './words.ts'

type Model = { view: View; connection: Connection }

const model = createStore<Model>({ view: emptyView, connection: { phase: 'connecting', since: Date.now() } })

/** While live the server's clock runs on between messages; otherwise it stands at the last one, as the data does. */
function serverNow(): number {
  const { view, connection } = model.get()
  return (
    (connection.phase === 'live' || view.state === null ? Date.now() : view.receivedAt) + view.clockOffsetMs
  )
}

function Dashboard({ view }: { view: View }) {
  const { state, events, series } = view
  const shadowSeries = useMemo(
    () => Object.values(series).filter((one) => one.name.startsWith('shadow-live:')),
    [series],
  )
  if (state === null) return null
  const { transition, tracer } = state
  return (
    <main>
      <Guarded name="Headline">
        <HeadlineView state={state} />
      </Guarded>
      <Guarded name="Findings">
        <Findings findings={state.findings} headline={state.headline} />
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
        <ShadowVariables shadow={state.shadow} series={shadowSeries} gaps={tracer.gaps} />
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
function useTitle(view: View, live: boolean): void {
  const level = view.state === null ? null : (levelWords[view.state.headline.level] ?? null)
  const host = view.state?.host?.hostname
  const title = [level, host, 'klpscope'].filter(Boolean).join(' · ')
  useEffect(() => {
    document.title = live || level === null ? title : `(not live) ${title}`
  }, [title, live, level])
}

function Page() {
  const { view, connection } = useStore(model)
  useTitle(view, connection.phase === 'live')
  return (
    <ClockContext.Provider value={serverNow}>
      <div class="page" data-live={connection.phase === 'live'}>
        <ConnectionLine connection={connection} view={view} />
        {view.state === null ? <Waiting connection={connection} /> : <Dashboard view={view} />}
      </div>
    </ClockContext.Provider>
  )
}

applyTheme(preferences.get().theme)
const root = document.getElementById('app')
if (root) {
  root.replaceChildren()
  render(<Page />, root)
}

connect({
  url: `${location.origin.replace(/^http/, 'ws')}/api/v1/stream`,
  resumeFrom: () => {
    const { view } = model.get()
    return view.state === null ? null : view.seq
  },
  onConnection: (connection) => model.update((old) => ({ ...old, connection })),
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
