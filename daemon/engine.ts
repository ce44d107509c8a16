import type { Event, EventDraft, EventKind } from './contract/event.ts'
import type { CoreState } from './core/core-state.ts'
import type { Effect } from './core/effect.ts'
import { numberEvent } from './core/number-event.ts'
import { reduce } from './core/reduce.ts'
import { createDecoder } from './probes/decode.ts'
import type { RawRecord } from './probes/raw-record.ts'

export type Step = { event: Event; state: CoreState; effects: Effect[] }

export type Engine = {
  state: () => CoreState
  ingest: (record: RawRecord) => void
}

/**
 * The one way for data: raw record → decode → number → reduce → the sinks, in that order, synchronously.
 * @param restored the state to go on from: what folding the record so far gives
 * @param admits whether there is room for an event of this kind: without, it is as if it had not been seen
 */
export const createEngine = (
  restored: CoreState,
  sinks: ((step: Step) => void)[],
  admits: (kind: EventKind) => boolean = () => true,
): Engine => {
  const decoder = createDecoder()
  let state = restored
  const take = (draft: EventDraft): void => {
    if (!admits(draft.kind)) return
    const event = numberEvent(state, draft)
    const [next, effects] = reduce(state, event)
    state = next
    for (const sink of sinks) sink({ event, state, effects })
  }
  return {
    state: () => state,
    ingest: (record) => {
      for (const draft of decoder.decode(record)) {
        const absence = draft.kind === 'tracer-started' ? absenceBefore(restored, draft) : null
        // Before the run that ended it: what was counted until then ends where the gap begins.
        if (absence) take(absence)
        take(draft)
      }
    },
  }
}

/** The time between the last run and this one is a gap in the record; after a reboot, the time since boot. */
const absenceBefore = (
  state: CoreState,
  started: EventDraft & { kind: 'tracer-started' },
): EventDraft | null =>
  state.host && {
    kind: 'tracer-gap',
    monoNs: started.monoNs,
    source: 'daemon',
    fromMonoNs: state.host.bootId === started.bootId ? state.monoNs : '0',
    fromTime: state.time,
    toMonoNs: started.monoNs,
    reason: 'the daemon was not running',
  }
