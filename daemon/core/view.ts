import type { State } from '../contract/state.ts'
import { blockedLongestFirst } from './blockers.ts'
import type { CoreState } from './core-state.ts'
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
  transition: state.transition,
  lastTransition: state.lastTransition,
  tasks: state.taskCounts,
  blocked: blockedLongestFirst(state).slice(0, blockedShown),
  blockedTotal: state.blocked.size,
  patches: [...state.patches],
  shadow: {
    adoption: state.shadow.adoption,
    ids: [...state.shadow.ids.values()].sort((a, b) => Number(BigInt(a.id) - BigInt(b.id))),
  },
  findings: [...state.findings.values()],
})
