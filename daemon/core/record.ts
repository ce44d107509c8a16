import type { Event } from '../contract/event.ts'
import { type CoreState, initialState } from './core-state.ts'

/** Whether the record is being written, as far as the record itself can tell. */
export const reduceRecord = (state: CoreState, event: Event): CoreState => {
  const { record } = state
  switch (event.kind) {
    case 'tracer-started':
      return { ...state, record: initialState.record }
    case 'record-failed': {
      const { reason, remedy, time } = event
      return { ...state, record: { ...record, status: 'failing', since: time, reason, remedy } }
    }
    case 'record-resumed':
      return {
        ...state,
        record: { ...record, status: 'recording', since: event.time, reason: null, remedy: null },
      }
    case 'record-renewed':
      return { ...state, record: { ...record, setAside: event.setAside } }
    case 'events-lost':
      return event.source === 'record'
        ? { ...state, record: { ...record, lost: record.lost + event.count } }
        : state
    default:
      return state
  }
}
