import type { EventDraft } from '../contract/event.ts'
import type { BlockReason } from '../contract/event-parts.ts'
import { taskKey } from '../core/task-key.ts'
import type { LogFact } from './kernel-log.ts'
import type { DecodeContext } from './probe-set.ts'
import { directionOf } from './transition.ts'

/** errno of klp_check_and_switch_task, kernel/livepatch/transition.c. */
const errnos: Record<Exclude<BlockReason, 'unknown'>, number> = {
  running: 16,
  'unreliable-stack': 22,
  'sleeping-on-function': 98,
}

/**
 * A task that could not be switched, by the kernel's own word (dynamic debug of kernel/livepatch, one line a try):
 * for hosts where no probe tells. Once per task and reason.
 */
export const blockedInLog = (
  context: DecodeContext,
  { tid, comm, reason, function: name }: Extract<LogFact, { fact: 'blocked' }>,
  monoNs: string,
): EventDraft[] => {
  if (context.tasksAttached || !context.transition) return []
  const idle = tid === 0 ? /^swapper\/(\d+)$/.exec(comm) : null
  const idleCpu = idle ? Number(idle[1]) : null
  const key = taskKey({ tid, cpu: idleCpu })
  const task = context.tasks.get(key)
  // Not seen yet: told at its next try, when it is known what it is.
  if (!task && tid !== 0) return []
  const said = `${reason} ${name ?? ''}`
  if (context.loggedBlocks.get(key) === said) return []
  context.loggedBlocks.set(key, said)
  return [
    {
      kind: 'task-blocked',
      monoNs,
      tid,
      pid: task?.pid ?? tid,
      comm,
      errno: errnos[reason],
      reason,
      ...(name === null ? {} : { function: name }),
      kthread: task?.kthread ?? tid === 0,
      idle: tid === 0,
      cpu: idleCpu ?? task?.cpu ?? null,
      basis: 'kernel-log',
    },
  ]
}

/** The kernel says it at the first round only. */
export const signalledInLog = ({ transition, tasksAttached }: DecodeContext, monoNs: string): EventDraft[] =>
  tasksAttached || !transition
    ? []
    : [
        {
          kind: 'transition-signalled',
          monoNs,
          patch: transition.patch,
          direction: directionOf(transition.target),
          round: 1,
        },
      ]
