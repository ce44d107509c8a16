import type { Event } from '../contract/event.ts'
import type { Tracer } from '../contract/state.ts'
import { type CoreState, initialState } from './core-state.ts'
import { derive } from './derive.ts'
import { withLastSeen } from './last-seen.ts'
import { carryShadow } from './shadow.ts'
import { formatTime } from './time.ts'

const gapsKept = 20

/** Without it the hash is not walked: bpf/shadow.bt. */
const walkedWith = 'klp_shadow_lock'

/** The tracer's own health, the host, and what a new run or a reboot does to the rest. */
export const reduceTracer = (state: CoreState, event: Event): CoreState => {
  const { tracer } = state
  switch (event.kind) {
    case 'clock-mapped':
      return { ...state, clockOffsetNs: event.offsetNs }
    case 'tracer-started':
      return startRun(state, event)
    case 'tracer-attached': {
      const complete = event.probeSets.every((set) => set.available && !set.lost)
      const any = event.probeSets.some((set) => set.available)
      const walks = event.probeSets.some(
        (set) => set.name === 'shadow' && set.available && !set.lost?.some(({ name }) => name === walkedWith),
      )
      return {
        ...state,
        tracer: {
          ...tracer,
          status: complete ? 'observing' : any ? 'degraded' : 'blind',
          since: event.time,
          probeSets: event.probeSets,
        },
        shadow: walks ? state.shadow : { ...state.shadow, adoption: 'unavailable' },
      }
    }
    case 'tracer-stopped':
      return withTracer(state, { status: 'stopped', since: event.time })
    case 'tracer-gap': {
      const from = formatTime(BigInt(event.fromMonoNs) + BigInt(state.clockOffsetNs))
      const gap = { source: event.source, from, to: event.time, reason: event.reason }
      return withTracer(state, {
        gaps: [gap, ...tracer.gaps].slice(0, gapsKept),
        ...(event.source === 'bpftrace' ? { status: 'starting' as const, since: event.time } : {}),
      })
    }
    case 'overhead-measured': {
      const percent = (usedMs: number) => (100 * usedMs) / event.windowMs
      const { daemonMs, tracersMs } = event
      return withTracer(state, {
        overhead: { daemonPercent: percent(daemonMs), tracersPercent: percent(tracersMs) },
      })
    }
    case 'events-lost':
      if (event.source === 'record') return state
      return withTracer(state, { eventsLost: tracer.eventsLost + event.count })
    case 'decode-failed':
      return withTracer(state, { decodeFailures: tracer.decodeFailures + 1 })
    default:
      return state
  }
}

const withTracer = (state: CoreState, change: Partial<Tracer>): CoreState => ({
  ...state,
  tracer: { ...state.tracer, ...change },
})

const startRun = (state: CoreState, event: Extract<Event, { kind: 'tracer-started' }>): CoreState => {
  const { hostname, kernel, bootId, cpus, stalledAfterMs } = event
  const sameBoot = state.host?.bootId === bootId
  const open = state.transition
  return {
    ...state,
    host: { hostname, kernel, bootId, cpus },
    stalledAfterMs,
    tracer: {
      ...initialState.tracer,
      status: 'starting',
      since: event.time,
      gaps: sameBoot ? state.tracer.gaps : [],
    },
    tasks: initialState.tasks,
    taskCounts: initialState.taskCounts,
    blocked: sameBoot ? state.blocked.map((task) => withLastSeen(task, state)) : initialState.blocked,
    derived: sameBoot ? state.derived : derive({ ...initialState, findings: state.findings }),
    shadow: sameBoot ? carryShadow(state.shadow) : initialState.shadow,
    // A reboot ends everything without our seeing how.
    ...(sameBoot
      ? {}
      : {
          transition: null,
          lastTransition: open
            ? { ...open, outcome: 'unknown', endedAt: null, stalled: false }
            : state.lastTransition,
          triedEarly: initialState.triedEarly,
          patches: [],
          troubles: [],
        }),
  }
}
