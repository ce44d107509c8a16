import type { Direction, EventDraft } from '../contract/event.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'
import { switched } from './tasks.ts'
import type { Tuple } from './tuple.ts'

/** klp_target_state: 1 is KLP_PATCHED (KLP_TRANSITION_PATCHED since 6.13), 0 its opposite. */
export const directionOf = (target: number): Direction => (target === 1 ? 'patching' : 'unpatching')

/** The life of a transition. Source: kernel/livepatch/transition.c. */
export const transition: ProbeSet = {
  stem: 'transition',
  purpose: 'exact start and end of transitions, who asked, reverse, force, cancel',
  needs: ['klp_start_transition', 'klp_complete_transition'],
  records: {
    'transition.start': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const patch = tuple.string()
      const target = tuple.int() === 1 ? 1 : 0
      const replace = tuple.bool()
      const who = process(tuple)
      const requester = { pid: who.pid, comm: who.comm, parentPid: tuple.int(), parentComm: tuple.string() }
      const running = context.transition
      context.transition = {
        patch,
        target,
        generation: monoNs,
        exact: true,
        reversing: false,
        cancelledBy: null,
      }
      // klp_reverse_transition starts the same transition a second time.
      if (running?.patch === patch && running.reversing) return []
      const direction = directionOf(target)
      return [
        { kind: 'transition-started', monoNs, patch, direction, replace, requester, adopted: false, ...who },
      ]
    },

    'transition.reverse': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const patch = tuple.string()
      const target = tuple.int() === 1 ? 0 : 1
      if (context.transition) Object.assign(context.transition, { target, reversing: true })
      return [
        { kind: 'transition-reversed', monoNs, patch, direction: directionOf(target), ...process(tuple) },
      ]
    },

    'transition.force': (tuple) => {
      const monoNs = tuple.monoNs()
      const patch = tuple.string()
      const direction = directionOf(tuple.int())
      return [{ kind: 'transition-forced', monoNs, patch, direction, ...process(tuple) }]
    },

    // Cancelling ends in klp_complete_transition as completing does: the end record follows.
    'transition.cancel': (tuple, context) => {
      tuple.monoNs()
      const patch = tuple.string()
      tuple.int()
      context.transition = {
        patch,
        target: 0,
        generation: '0',
        exact: true,
        reversing: false,
        cancelledBy: process(tuple),
      }
      return []
    },

    'transition.end': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const patch = tuple.string()
      const direction = directionOf(tuple.int())
      const events = switched(context, monoNs)
      events.push(endOf(context, patch, monoNs, direction))
      context.transition = null
      // klp_complete_transition sets every task to KLP_UNDEFINED, idle tasks too.
      for (const cpu of context.idle.keys()) context.idle.set(cpu, -1)
      return events
    },
  },
  maps: [],
}

const endOf = (context: DecodeContext, patch: string, monoNs: string, direction: Direction): EventDraft => {
  const canceller = context.transition?.patch === patch ? context.transition.cancelledBy : null
  return canceller
    ? { kind: 'transition-cancelled', monoNs, patch, direction: 'patching', ...canceller }
    : { kind: 'transition-completed', monoNs, patch, direction }
}

const process = (tuple: Tuple) => ({ pid: tuple.int(), tid: tuple.int(), comm: tuple.string() })
