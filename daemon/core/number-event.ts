import type { Event, EventDraft } from '../contract/event.ts'
import type { CoreState } from './core-state.ts'
import { formatTime } from './time.ts'
import { isStepOf } from './transition.ts'

/** Gives a decoded event its number, its wall-clock time and the transition it belongs to. */
export const numberEvent = (state: CoreState, draft: EventDraft): Event => {
  const seq = state.seq + 1
  const offset = draft.kind === 'clock-mapped' ? draft.offsetNs : state.clockOffsetNs
  const time = formatTime(BigInt(draft.monoNs) + BigInt(offset))
  const transition = transitionOf(state, draft, seq)
  return { ...draft, seq, time, ...(transition === undefined ? {} : { transition }) } as Event
}

const transitionOf = (state: CoreState, draft: EventDraft, seq: number): string | undefined => {
  const running = state.transition
  const own = running && isStepOf(running.patch, draft) ? running.id : undefined
  switch (draft.kind) {
    case 'transition-started': {
      // A restarted daemon, or the probe after sysfs, sees the same transition again. An adopted one that
      // is seen exactly later is refined; an exact one is only ever followed by another.
      const again =
        running?.patch === draft.patch &&
        running.direction === draft.direction &&
        (draft.adopted || !running.startKnown)
      return again ? running.id : String(seq)
    }
    case 'transition-cancelled':
      return own ?? String(seq)
    case 'transition-completed':
    case 'transition-reversed':
    case 'transition-forced':
    case 'transition-tried':
    case 'transition-finishing':
    case 'transition-signalled':
    case 'task-switched':
    case 'tasks-switched':
    case 'task-blocked':
    case 'task-tries':
    case 'task-inspected':
    case 'tasks-observed':
      return own
    default:
      return undefined
  }
}
