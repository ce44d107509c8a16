import type { BlockReason } from '../contract/event-parts.ts'
import { probePurposes } from '../contract/probe-purposes.ts'
import { kthreadFlag } from '../raw/enums.ts'
import type { ProbeSet } from './probe-set.ts'
import { blockedAgain } from './stacks.ts'
import { stateLetter } from './state-letter.ts'
import { countRecords, wayOf } from './task-counts.ts'
import { whoOf } from './task-id.ts'
import { listRecords } from './task-list.ts'
import { toPatchState } from './task-table.ts'

/** errno of klp_check_and_switch_task, kernel/livepatch/transition.c. */
const reasons: Record<number, BlockReason> = {
  16: 'running',
  22: 'unreliable-stack',
  98: 'sleeping-on-function',
}

/** Blocked and switched tasks during a transition. */
export const tasks: ProbeSet = {
  stem: 'tasks',
  purpose: probePurposes.tasks,
  decoders: {
    ...countRecords,
    ...listRecords,

    'task-blocked': ({ monoNs, task, error, state, ...record }, context) => {
      blockedAgain(context, task.tid)
      const errno = 0 - error
      return [
        {
          kind: 'task-blocked',
          monoNs: String(monoNs),
          ...whoOf(task),
          errno,
          reason: reasons[errno] ?? 'unknown',
          ...(record.function === '' ? {} : { function: record.function }),
          kthread: (task.flags & kthreadFlag) !== 0,
          idle: task.tid === 0,
          state: stateLetter(state),
          cpu: task.cpu,
        },
      ]
    },

    'task-switched': ({ monoNs, task, way }, context) => [
      {
        kind: 'task-switched',
        monoNs: String(monoNs),
        ...whoOf(task),
        way: wayOf(way),
        to: context.transition?.target ?? -1,
        cpu: task.cpu,
      },
    ],

    'transition-tried': ({ monoNs, beganNs }, context) => {
      if (!context.transition) throw new Error('a first try, but no transition is known to be running')
      const { patch, target } = context.transition
      const direction = target === 1 ? 'patching' : 'unpatching'
      return [
        {
          kind: 'transition-tried',
          monoNs: String(monoNs),
          patch,
          direction,
          beganMonoNs: String(beganNs),
        },
      ]
    },

    'transition-signalled': ({ monoNs, round }, context) => {
      if (!context.transition) throw new Error('a signal round, but no transition is known to be running')
      const { patch, target } = context.transition
      const direction = target === 1 ? 'patching' : 'unpatching'
      return [{ kind: 'transition-signalled', monoNs: String(monoNs), patch, direction, round }]
    },

    'idle-task': (record, context) => {
      const readMonoNs = String(record.monoNs)
      const patchState = toPatchState(record.patchState)
      const known = context.idle.get(record.ofCpu)
      const asOfMonoNs = known?.patchState === patchState ? known.asOfMonoNs : readMonoNs
      context.idle.set(record.ofCpu, { patchState, asOfMonoNs, readMonoNs })
      return []
    },
  },
}
