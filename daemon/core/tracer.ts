import type { Event } from '../contract/event.ts'
import { isUserProbeSource } from '../contract/user-probe.ts'
import { type CoreState, initialState } from './core-state.ts'
import { derive } from './derive.ts'
import { keepWatch } from './gap.ts'
import { withLastSeen } from './last-seen.ts'
import { carryShadow } from './shadow.ts'

const gapsKept = 20

/** Without it the hash is not walked: bpf/shadow.bpf.c. */
const walkedWith = 'klp_shadow_lock'

/** The tracer's own health, the host, and what a new run or a reboot does to the rest. */
export const reduceTracer = (state: CoreState, event: Event): CoreState => {
  const { tracer } = state
  switch (event.kind) {
    case 'clock-mapped':
      return { ...watch(state, event), clockOffsetNs: event.offsetNs }
    case 'tracer-started':
      return startRun(state, event)
    case 'tracer-attached': {
      const walks = event.probeSets.some(
        (set) => set.name === 'shadow' && set.available && !set.lost?.some(({ name }) => name === walkedWith),
      )
      const watched = watch(state, event)
      return walks ? watched : { ...watched, shadow: { ...state.shadow, adoption: 'unavailable' } }
    }
    case 'tracer-stopped':
    case 'tracer-gap':
      return watch(state, event)
    case 'overhead-measured': {
      const percent = (usedMs: number) => (100 * usedMs) / event.windowMs
      const { daemonMs, tracersMs } = event
      return withTracer(state, {
        overhead: { daemonPercent: percent(daemonMs), tracersPercent: percent(tracersMs) },
      })
    }
    case 'events-lost':
      if (event.source === 'record' || isUserProbeSource(event.source)) return state
      return withTracer(state, { eventsLost: tracer.eventsLost + event.count })
    case 'decode-failed':
      return withTracer(state, { decodeFailures: tracer.decodeFailures + 1 })
    default:
      return state
  }
}

const watch = (state: CoreState, event: Event): CoreState => ({
  ...state,
  tracer: { ...state.tracer, ...keepWatch(state.tracer, event, gapsKept) },
})

const withTracer = (state: CoreState, change: Partial<CoreState['tracer']>): CoreState => ({
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
      ...keepWatch(state.tracer, event, gapsKept),
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
