import type { BlockedTask, State } from '../contract/state.ts'
import { baselineOf } from './baseline.ts'
import { blockedLongestFirst } from './blockers.ts'
import { causesOf } from './causes.ts'
import type { CoreState } from './core-state.ts'
import { functionsOf } from './functions-view.ts'
import { gapsOf } from './gap.ts'
import { headlineOf } from './headline.ts'

const most = 200

/** The blocked tasks as shown: the longest blocked ones. */
export const shownBlocked = (state: CoreState): BlockedTask[] => blockedLongestFirst(state, most)

/** One part of what is shown: how it is made, and of which slices of the state. Slices are shared while they do not change. */
type Part<K extends keyof State> = { of: (state: CoreState) => State[K]; from: readonly (keyof CoreState)[] }

const own = <K extends keyof State & keyof CoreState>(
  key: K,
): { of: (state: CoreState) => CoreState[K]; from: readonly K[] } => ({
  of: (state) => state[key],
  from: [key],
})

const parts: { [K in keyof State]: Part<K> } = {
  seq: own('seq'),
  time: own('time'),
  monoNs: own('monoNs'),
  // Of nearly everything.
  headline: { of: headlineOf, from: ['seq'] },
  host: own('host'),
  tracer: {
    of: ({ tracer }) => ({ ...tracer, causes: causesOf(tracer), gaps: gapsOf(tracer) }),
    from: ['tracer'],
  },
  record: own('record'),
  transition: own('transition'),
  lastTransition: own('lastTransition'),
  baseline: { of: baselineOf, from: ['pastDurationsMs'] },
  tasks: { of: (state) => state.taskCounts, from: ['taskCounts'] },
  // Each snapshot says of all that are left when they were last seen.
  blocked: { of: shownBlocked, from: ['blocked', 'taskCounts'] },
  blockedTotal: { of: (state) => state.blocked.size, from: ['blocked'] },
  patches: { of: (state) => [...state.patches], from: ['patches'] },
  functions: { of: functionsOf, from: ['patches', 'functions'] },
  shadow: {
    of: ({ shadow: { adoption, checkedAt, ids } }) => ({
      adoption,
      checkedAt,
      ids: [...ids.values()].sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)),
    }),
    from: ['shadow'],
  },
  findings: { of: (state) => [...state.findings.values()], from: ['findings'] },
}

const made = (keys: readonly (keyof State)[], state: CoreState): Partial<State> =>
  Object.fromEntries(keys.map((key) => [key, parts[key].of(state)]))
const all = Object.keys(parts) as (keyof State)[]

/** What is shown of a state: to the API, the stream and the command line alike. */
export const view = (state: CoreState): State => made(all, state) as State

/** The keys of the view that are others after `now` than after `before`; nothing else of it is made. */
export const changedView = (before: CoreState, now: CoreState): Partial<State> => {
  const changed = all.filter((key) => parts[key].from.some((slice) => before[slice] !== now[slice]))
  return made([...new Set([...always, ...changed])], now)
}

const always: readonly (keyof State)[] = ['seq', 'time', 'monoNs', 'headline']
