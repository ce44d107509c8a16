import type { EventDraft } from '../contract/event.ts'
import type { BlockReason, SwitchWay } from '../contract/event-parts.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import { wholeName } from './cut-names.ts'
import type { DecodeContext, ProbeSet } from './probe-set.ts'

const ways: Record<number, SwitchWay> = {
  1: 'transition-worker',
  2: 'schedule',
  3: 'kernel-exit',
  4: 'idle-loop',
  5: 'forced',
  6: 'forked',
}

/** errno of klp_check_and_switch_task, kernel/livepatch/transition.c. */
const reasons: Record<number, BlockReason> = {
  16: 'running',
  22: 'unreliable-stack',
  98: 'sleeping-on-function',
}

/** ps(1) letters for task_struct.__state bits, include/linux/sched.h. */
const stateLetter = (state: number): string => {
  if (state === 0) return 'R'
  if ((state & 0x402) === 0x402) return 'I'
  if (state & 0x1) return 'S'
  if (state & 0x2) return 'D'
  if (state & 0x4) return 'T'
  if (state & 0x8) return 't'
  return '?'
}

const triesOf = (context: DecodeContext): [number, number][] => {
  const tries: [number, number][] = []
  for (const [key, count] of context.maps.get('@tries') ?? []) {
    const [generation, tid, idle] = key.split(',')
    // `idle` is the CPU plus one; an idle task's key is the negative of it.
    if (generation === context.transition?.generation)
      tries.push([Number(idle) > 0 ? -Number(idle) : Number(tid), count])
  }
  return tries
}

/** The switches counted in the kernel for the transition that runs, when they changed. */
export const switched = (context: DecodeContext, monoNs: string): EventDraft[] => {
  const counts: Partial<Record<SwitchWay, number>> = {}
  for (const [key, count] of context.maps.get('@switched') ?? []) {
    const [generation, way] = key.split(',')
    if (generation === context.transition?.generation) counts[ways[Number(way)] ?? 'snapshot'] = count
  }
  const text = JSON.stringify(counts)
  if (text === context.switched || text === '{}') return []
  context.switched = text
  return [{ kind: 'tasks-switched', monoNs, counts }]
}

/** Blocked and switched tasks during a transition. */
export const tasks: ProbeSet = {
  stem: 'tasks',
  purpose: probePurposes.tasks,
  records: {
    'task.blocked': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const tid = tuple.int()
      const pid = tuple.int()
      const errno = tuple.int()
      const functionName = tuple.string()
      const kthread = tuple.int() !== 0
      const cpu = tuple.int()
      const state = stateLetter(tuple.int())
      const comm = tuple.string()
      const reason = reasons[errno] ?? 'unknown'
      return [
        {
          kind: 'task-blocked',
          monoNs,
          tid,
          pid,
          comm,
          errno,
          reason,
          ...(functionName === '' ? {} : { function: wholeName(functionName, context.longNames) }),
          kthread,
          idle: tid === 0,
          state,
          cpu,
        },
      ]
    },

    'task.switched': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const tid = tuple.int()
      const pid = tuple.int()
      const way = ways[tuple.int()] ?? 'snapshot'
      const cpu = tuple.int()
      const comm = tuple.string()
      const to = context.transition?.target ?? -1
      return [{ kind: 'task-switched', monoNs, tid, pid, comm, way, to, cpu }]
    },

    'transition.tried': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const beganMonoNs = tuple.monoNs()
      if (!context.transition) throw new Error('a first try, but no transition is known to be running')
      const { patch, target } = context.transition
      const direction = target === 1 ? 'patching' : 'unpatching'
      return [{ kind: 'transition-tried', monoNs, patch, direction, beganMonoNs }]
    },

    'transition.signal': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const round = tuple.int()
      if (!context.transition) throw new Error('a signal round, but no transition is known to be running')
      const { patch, target } = context.transition
      return [
        {
          kind: 'transition-signalled',
          monoNs,
          patch,
          direction: target === 1 ? 'patching' : 'unpatching',
          round,
        },
      ]
    },

    'tasks.tick': (tuple, context) => {
      const monoNs = tuple.monoNs()
      const tries = triesOf(context)
      return tries.length > 0
        ? [{ kind: 'task-tries', monoNs, tries }, ...switched(context, monoNs)]
        : switched(context, monoNs)
    },

    idle: (tuple, context) => {
      const readMonoNs = tuple.monoNs()
      const cpu = tuple.int()
      const value = tuple.int()
      const patchState = value === 0 || value === 1 ? value : -1
      const known = context.idle.get(cpu)
      const asOfMonoNs = known?.patchState === patchState ? known.asOfMonoNs : readMonoNs
      context.idle.set(cpu, { patchState, asOfMonoNs, readMonoNs })
      return []
    },
  },
  maps: ['@tries', '@switched'],
}
