import type { Event, EventKind, EventOf } from '../../daemon/contract/event.ts'
import type { State } from '../../daemon/contract/state.ts'

/** The smallest state that a page can show: a host at rest. */
export const aState: State = {
  seq: 10,
  time: '2026-03-07T12:00:00.000000000Z',
  monoNs: '1000000000',
  headline: { level: 'ok', text: 'No transition is running', since: null, advice: null, finding: null },
  host: { hostname: 'db-17', kernel: '6.12', bootId: 'boot-1', cpus: 4 },
  tracer: {
    status: 'observing',
    since: '2026-03-07T11:00:00Z',
    probeSets: [],
    causes: [],
    eventsLost: 0,
    decodeFailures: 0,
    overhead: null,
    gaps: [],
  },
  record: { status: 'recording', since: null, reason: null, remedy: null, lost: 0, setAside: null },
  transition: null,
  lastTransition: null,
  baseline: null,
  tasks: {
    total: null,
    patched: 0,
    unpatched: 0,
    undefined: 0,
    idle: 0,
    observedAt: null,
    source: null,
  },
  blocked: [],
  blockedTotal: 0,
  patches: [],
  functions: { source: 'kernel', budgetPerS: null, items: [] },
  shadow: { adoption: 'complete', checkedAt: null, ids: [] },
  findings: [],
}

type Own<K extends EventKind> = Omit<EventOf<K>, 'seq' | 'time' | 'monoNs' | 'kind'>

export function anEvent<K extends EventKind>(kind: K, own: Own<K>, seq = 1): Event {
  return { seq, time: '2026-03-07T12:00:00.5Z', monoNs: '1500000000', kind, ...own } as unknown as Event
}
