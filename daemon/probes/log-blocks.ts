import type { EventDraft } from '../contract/event.ts'
import { taskKey } from '../core/task-key.ts'
import type { LogFact } from './kernel-log.ts'
import { holdUntilListed, tellLoggedBlock } from './logged-block.ts'
import type { DecodeContext } from './probe-set.ts'
import { adoptShown } from './sysfs.ts'
import { directionOf } from './transition.ts'

/**
 * A task that could not be switched, by the kernel's own word (dynamic debug of kernel/livepatch, one line a try):
 * for hosts where no probe tells. Once per task and reason.
 */
export const blockedInLog = (
  context: DecodeContext,
  fact: Extract<LogFact, { fact: 'blocked' }>,
  monoNs: string,
): EventDraft[] => {
  const { tid, comm } = fact
  if (context.tasksAttached) return []
  const adopted = adoptShown(context, monoNs)
  if (!context.transition) return []
  const idle = tid === 0 ? /^swapper\/(\d+)$/.exec(comm) : null
  const idleCpu = idle ? Number(idle[1]) : null
  const task = context.tasks.get(taskKey({ tid, cpu: idleCpu }))
  // Where nobody lists tasks, none is seen to leave either: an idle task does so at once, by itself.
  const isListed = context.tasks.size > 0
  if (!isListed && tid === 0) return adopted
  if (isListed && !task && tid !== 0) {
    holdUntilListed(context, { monoNs, fact })
    return adopted
  }
  return [...adopted, ...tellLoggedBlock(context, fact, monoNs, task, idleCpu)]
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
