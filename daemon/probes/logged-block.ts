import type { EventDraft } from '../contract/event.ts'
import type { ObservedTask } from '../contract/event-parts.ts'
import { taskKey } from '../core/task-key.ts'
import type { LogFact } from './kernel-log.ts'
import type { DecodeContext } from './probe-set.ts'
import { tellBlock } from './told-blocks.ts'

type BlockedFact = Extract<LogFact, { fact: 'blocked' }>

/** What the log told of a task before any list has shown what that is. */
export type UnlistedBlock = { monoNs: string; fact: BlockedFact }

/** As many as there may be new tasks between two lists, and a transition waits for. */
const kept = 100

/** @param task what is known of it; an idle task is known by its name */
export const tellLoggedBlock = (
  context: DecodeContext,
  { tid, comm, reason, function: name }: BlockedFact,
  monoNs: string,
  task: Pick<ObservedTask, 'pid' | 'cpu' | 'kthread'> | undefined,
  idleCpu: number | null = null,
): EventDraft[] =>
  tellBlock(context, taskKey({ tid, cpu: idleCpu }), 'kernel-log', {
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

export const holdUntilListed = (context: DecodeContext, block: UnlistedBlock): void => {
  context.unlistedBlocks = [...context.unlistedBlocks, block].slice(-kept)
}

/** To be told before what the list says: whoever was blocked may have been switched since. */
export const tellListed = (context: DecodeContext, listed: readonly ObservedTask[]): EventDraft[] => {
  const { unlistedBlocks, transition } = context
  context.unlistedBlocks = []
  if (!transition) return []
  return unlistedBlocks.flatMap(({ monoNs, fact }) => {
    const task = listed.find(({ tid, comm }) => tid === fact.tid && comm === fact.comm)
    return task ? tellLoggedBlock(context, fact, monoNs, task) : []
  })
}
