import type { EventDraft } from '../contract/event.ts'
import { taskKey } from '../core/task-key.ts'
import type { LogFact } from './kernel-log.ts'
import type { DecodeContext } from './probe-set.ts'
import { adoptShown } from './sysfs.ts'
import { tellBlock } from './told-blocks.ts'
import { directionOf } from './transition.ts'

/**
 * A task that could not be switched, by the kernel's own word (dynamic debug of kernel/livepatch, one line a try):
 * for hosts where no probe tells. Once per task and reason.
 */
export const blockedInLog = (
  context: DecodeContext,
  { tid, comm, reason, function: name }: Extract<LogFact, { fact: 'blocked' }>,
  monoNs: string,
): EventDraft[] => {
  if (context.tasksAttached) return []
  const adopted = adoptShown(context, monoNs)
  if (!context.transition) return []
  const idle = tid === 0 ? /^swapper\/(\d+)$/.exec(comm) : null
  const idleCpu = idle ? Number(idle[1]) : null
  const key = taskKey({ tid, cpu: idleCpu })
  const task = context.tasks.get(key)
  // Where nobody lists tasks, none is seen to leave either: an idle task does so at once, by itself.
  const isListed = context.tasks.size > 0
  if (!isListed && tid === 0) return adopted
  // Not seen yet: told at its next try, when it is known what it is.
  if (isListed && !task && tid !== 0) return adopted
  const told = tellBlock(context, key, 'kernel-log', {
    monoNs,
    tid,
    pid: task?.pid ?? tid,
    comm,
    reason,
    function: name,
    kthread: task?.kthread ?? tid === 0,
    idle: tid === 0,
    cpu: idleCpu ?? task?.cpu ?? null,
  })
  return [...adopted, ...told]
}

/** The kernel says it at the first round only. */
export const signalledInLog = (
  { transition, signalsAttached }: DecodeContext,
  monoNs: string,
): EventDraft[] =>
  signalsAttached || !transition
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
