import type { State } from '../contract/state.ts'
import { baselineOf } from './baseline.ts'
import { blockedLongestFirst } from './blockers.ts'
import type { CoreState } from './core-state.ts'
import { functionsOf } from './functions-view.ts'
import { headlineOf } from './headline.ts'

const blockedShown = 200

/** What is shown of a state: to the API, the stream and the command line alike. */
export const view = (state: CoreState): State => ({
  seq: state.seq,
  time: state.time,
  monoNs: state.monoNs,
  headline: headlineOf(state),
  host: state.host,
  tracer: state.tracer,
  record: state.record,
  transition: state.transition,
  lastTransition: state.lastTransition,
  baseline: baselineOf(state),
  tasks: state.taskCounts,
  blocked: blockedLongestFirst(state).slice(0, blockedShown),
  blockedTotal: state.blocked.size,
  patches: [...state.patches],
  functions: functionsOf(state),
  shadow: {
    adoption: state.shadow.adoption,
    checkedAt: state.shadow.checkedAt,
    ids: [...state.shadow.ids.values()].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)),
  },
  findings: [...state.findings.values()],
})

/** The keys of the view that are others after `now` than after `before`. */
export const changedView = (before: CoreState, now: CoreState): Partial<State> => {
  const shown = view(now)
  const changed = (Object.keys(slices) as (keyof typeof slices)[]).flatMap((slice) =>
    before[slice] === now[slice] ? [] : slices[slice],
  )
  const keys: (keyof State)[] = ['seq', 'time', 'monoNs', 'headline', ...changed]
  return Object.fromEntries(keys.map((key) => [key, shown[key]]))
}

/** Which keys of the view come from which slice of the state. Slices are shared while they do not change. */
const slices = {
  host: ['host'],
  tracer: ['tracer'],
  record: ['record'],
  transition: ['transition'],
  lastTransition: ['lastTransition'],
  pastDurationsMs: ['baseline'],
  taskCounts: ['tasks'],
  blocked: ['blocked', 'blockedTotal'],
  patches: ['patches', 'functions'],
  functions: ['functions'],
  shadow: ['shadow'],
  findings: ['findings'],
} as const satisfies Partial<Record<keyof CoreState, readonly (keyof State)[]>>
