import type { EventDraft } from '../contract/event.ts'
import type { Direction } from '../contract/event-parts.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import { acceptLoad } from './accept-load.ts'
import { leaveDisabling, whoDisables } from './callbacks.ts'
import { letGoOfPatch } from './function-calls.ts'
import { stories, toldByProbe } from './log-check.ts'
import { endInLog } from './log-transitions.ts'
import type { DecodeContext, ProbeSet, RunningTransition } from './probe-set.ts'
import { settleSysfs } from './sysfs-transition.ts'
import { whoOf } from './task-id.ts'
import { madeStep } from './task-list.ts'

/** klp_target_state: 1 is KLP_PATCHED (KLP_TRANSITION_PATCHED since 6.13), 0 its opposite. */
export const directionOf = (target: number): Direction => (target === 1 ? 'patching' : 'unpatching')

/** The life of a transition. Source: kernel/livepatch/transition.c. */
export const transition: ProbeSet = {
  stem: 'transition',
  purpose: probePurposes.transition,
  decoders: {
    'transition-asked': ({ monoNs, by, parent }, context) => {
      const asking = { ...whoOf(by), parentPid: parent.pid, parentComm: parent.comm }
      context.asking = asking
      return whoDisables(context.lifecycle, String(monoNs), asking)
    },

    'transition-started': (record, context) => {
      const { patch, replace } = record
      const monoNs = String(record.monoNs)
      const target = targetOf(record)
      madeStep(context, record.monoNs)
      // From now on tasks run replacements that no inventory has shown yet.
      if (target === 1) context.functionCalls.unseenSinceNs = monoNs
      const { asking } = context
      context.asking = null
      const before = context.transition
      const missed = before?.reversing ? [] : endInLog(context, monoNs)
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
      const lifecycle = [
        ...leaveDisabling(context.lifecycle, monoNs),
        ...(target === 1 ? acceptLoad(context.lifecycle, patch) : []),
      ]
      const direction = directionOf(target)
      const started = {
        kind: 'transition-started',
        monoNs,
        patch,
        direction,
        replace,
        adopted: false,
      } as const
      if (!asking) return [...missed, ...lifecycle, started]
      const { tid, ...requester } = asking
      return [
        ...missed,
        ...lifecycle,
        { ...started, requester, tid, pid: requester.pid, comm: requester.comm },
      ]
    },

    'transition-finishing': ({ monoNs, tryBeganNs, lastSwitchNs }, context) => {
      // Cancelling, too, calls klp_complete_transition: no task had to switch.
      if (context.cancelledBy || !context.transition || tryBeganNs === 0n || lastSwitchNs === 0n) return []
      // The last switch that was seen need not be the last.
      if (!context.tasksAttached) return []
      const { patch, target } = context.transition
      return [
        {
          kind: 'transition-finishing',
          monoNs: String(monoNs),
          patch,
          direction: directionOf(target),
          tryBeganMonoNs: String(tryBeganNs),
          lastSwitchedMonoNs: String(lastSwitchNs),
        },
      ]
    },

    'transition-reversed': (record, context) => {
      const monoNs = String(record.monoNs)
      const before = targetOf(record)
      const target = before === 1 ? 0 : 1
      madeStep(context, record.monoNs)
      const { adopted, running } = runningNow(context, monoNs, before)
      const { patch } = running
      context.transition = { ...running, target, reversing: true, generation: monoNs }
      return [
        ...adopted,
        {
          kind: 'transition-reversed',
          monoNs,
          patch,
          direction: directionOf(target),
          ...whoOf(record.by),
        },
      ]
    },

    'transition-forced': (record, context) => {
      const monoNs = String(record.monoNs)
      const target = targetOf(record)
      const direction = directionOf(target)
      madeStep(context, record.monoNs)
      const { adopted, running } = runningNow(context, monoNs, target)
      const { patch } = running
      return [...adopted, { kind: 'transition-forced', monoNs, patch, direction, ...whoOf(record.by) }]
    },

    // Cancelling ends in klp_complete_transition as completing does: the end record follows and names the patch.
    'transition-cancelled': ({ by }, context) => {
      context.cancelledBy = whoOf(by)
      return []
    },

    'transition-ended': (record, context) => {
      const { patch } = record
      const monoNs = String(record.monoNs)
      const target = targetOf(record)
      madeStep(context, record.monoNs)
      const event = endOf(context, patch, monoNs, directionOf(target))
      toldByProbe(context.logCheck, stories.end(patch), monoNs)
      settleSysfs(context, patch, target)
      if (target === 0) letGoOfPatch(context, patch, monoNs)
      context.transition = null
      context.cancelledBy = null
      context.asking = null
      // klp_complete_transition sets every task to KLP_UNDEFINED, idle tasks too.
      for (const cpu of context.idle.keys())
        context.idle.set(cpu, { patchState: -1, asOfMonoNs: monoNs, readMonoNs: monoNs })
      return [event]
    },
  },
}

const targetOf = ({ target }: { target: number }): 0 | 1 => (target === 1 ? 1 : 0)

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
