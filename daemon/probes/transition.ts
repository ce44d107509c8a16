import type { EventDraft } from '../contract/event.ts'
import type { Direction } from '../contract/event-parts.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import { leaveDisabling } from './callbacks.ts'
import { letGoOfPatch } from './function-calls.ts'
import type { DecodeContext, ProbeSet, RunningTransition } from './probe-set.ts'
import { settleSysfs } from './sysfs-transition.ts'
import { switched } from './tasks.ts'
import type { Tuple } from './tuple.ts'

/** klp_target_state: 1 is KLP_PATCHED (KLP_TRANSITION_PATCHED since 6.13), 0 its opposite. */
export const directionOf = (target: number): Direction => (target === 1 ? 'patching' : 'unpatching')

/** The life of a transition. Source: kernel/livepatch/transition.c. */
export const transition: ProbeSet = {
  stem: 'transition',
  purpose: probePurposes.transition,
  records: {
    'transition.ask': (tuple, context) => {
      context.asking = { ...process(tuple), parentPid: tuple.int(), parentComm: tuple.string() }
      return []
    },

    'transition.start': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const patch = tuple.string()
      const target = tuple.int() === 1 ? 1 : 0
      const replace = tuple.bool()
      // From now on tasks run replacements that no inventory has shown yet.
      if (target === 1) context.functionCalls.unseenSinceNs = monoNs
      const { asking } = context
      context.asking = null
      const before = context.transition
      context.transition = {
        patch,
        target,
        generation: monoNs,
        toldBy: 'probe',
        startToCome: false,
        reversing: false,
      }
      // klp_reverse_transition starts the same transition a second time.
      if (before?.patch === patch && before.reversing) return []
      const callbacks = leaveDisabling(context.lifecycle, monoNs)
      const direction = directionOf(target)
      const started = {
        kind: 'transition-started',
        monoNs,
        patch,
        direction,
        replace,
        adopted: false,
      } as const
      if (!asking) return [...callbacks, started]
      const { tid, ...requester } = asking
      return [...callbacks, { ...started, requester, tid, pid: requester.pid, comm: requester.comm }]
    },

    'transition.finishing': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const tryBeganMonoNs = tuple.monoNs()
      const lastSwitchedMonoNs = tuple.monoNs()
      // Cancelling, too, calls klp_complete_transition: no task had to switch.
      if (context.cancelledBy || !context.transition) return []
      const { patch, target } = context.transition
      const direction = directionOf(target)
      return [{ kind: 'transition-finishing', monoNs, patch, direction, tryBeganMonoNs, lastSwitchedMonoNs }]
    },

    'transition.reverse': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const target = tuple.int() === 1 ? 0 : 1
      const { adopted, running } = runningNow(context, monoNs, target === 1 ? 0 : 1)
      const { patch } = running
      context.transition = { ...running, target, reversing: true, generation: monoNs }
      return [
        ...adopted,
        { kind: 'transition-reversed', monoNs, patch, direction: directionOf(target), ...process(tuple) },
      ]
    },

    'transition.force': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const target = tuple.int() === 1 ? 1 : 0
      const direction = directionOf(target)
      const { adopted, running } = runningNow(context, monoNs, target)
      const { patch } = running
      return [...adopted, { kind: 'transition-forced', monoNs, patch, direction, ...process(tuple) }]
    },

    // Cancelling ends in klp_complete_transition as completing does: the end record follows and names the patch.
    'transition.cancel': (tuple, context) => {
      tuple.monoNs()
      tuple.int()
      context.cancelledBy = process(tuple)
      return []
    },

    'transition.end': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const patch = tuple.string()
      const target = tuple.int() === 1 ? 1 : 0
      const direction = directionOf(target)
      const events = switched(context, monoNs)
      events.push(endOf(context, patch, monoNs, direction))
      settleSysfs(context, patch, target)
      if (target === 0) letGoOfPatch(context, patch, monoNs)
      context.transition = null
      context.cancelledBy = null
      context.asking = null
      // klp_complete_transition sets every task to KLP_UNDEFINED, idle tasks too.
      for (const cpu of context.idle.keys())
        context.idle.set(cpu, { patchState: -1, asOfMonoNs: monoNs, readMonoNs: monoNs })
      return events
    },
  },
  maps: [],
}

const endOf = (context: DecodeContext, patch: string, monoNs: string, direction: Direction): EventDraft =>
  context.cancelledBy
    ? { kind: 'transition-cancelled', monoNs, patch, direction: 'patching', ...context.cancelledBy }
    : { kind: 'transition-completed', monoNs, patch, direction }

/**
 * The transition that a record is about. One that began before the probes may be known by sysfs alone, which could not
 * tell yet whether it has started.
 * @throws Error when sysfs shows none either
 */
const runningNow = (
  context: DecodeContext,
  monoNs: string,
  target: 0 | 1,
): { adopted: EventDraft[]; running: RunningTransition } => {
  if (context.transition) return { adopted: [], running: context.transition }
  const patch = context.sysfs.shown?.patch
  if (patch === undefined) throw new Error('no transition is known to be running')
  const running: RunningTransition = {
    patch,
    target,
    generation: '0',
    toldBy: 'probe',
    startToCome: false,
    reversing: false,
  }
  context.transition = running
  const direction = directionOf(target)
  return { adopted: [{ kind: 'transition-started', monoNs, patch, direction, adopted: true }], running }
}

const process = (tuple: Tuple) => ({ pid: tuple.int(), tid: tuple.int(), comm: tuple.string() })
