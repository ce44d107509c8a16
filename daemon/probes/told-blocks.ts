import type { EventDraft, EventOf } from '../contract/event.ts'
import type { BlockReason } from '../contract/event-parts.ts'
import type { DecodeContext } from './probe-set.ts'
import { blockedAgain } from './stacks.ts'

/**
 * What was told in the running transition, in its present direction, of each task that blocks it, by key (see taskKey);
 * for hosts where no probe tells. The kernel log knows more than a stack: what it has told of is left to it.
 */
export type ToldBlocks = Map<number, { said: string; by: 'kernel-log' | 'stack'; isDoubted: boolean }>

/** What klp_check_and_switch_task returns, kernel/livepatch/transition.c; 0: nobody knows. */
const errnos: Record<BlockReason, number> = {
  running: 16,
  'unreliable-stack': 22,
  'sleeping-on-function': 98,
  unknown: 0,
}

type Blocked = Pick<
  EventOf<'task-blocked'>,
  'monoNs' | 'tid' | 'pid' | 'comm' | 'kthread' | 'idle' | 'cpu'
> & {
  reason: BlockReason
  function: string | null
  state?: string
}

/** Once per task and reason; a tid may be given to another task. */
export const tellBlock = (
  context: Pick<DecodeContext, 'toldBlocks' | 'stacks'>,
  key: number,
  by: 'kernel-log' | 'stack',
  { function: name, ...blocked }: Blocked,
): EventDraft[] => {
  const told = context.toldBlocks
  const said = `${blocked.pid} ${blocked.comm} ${blocked.reason} ${name ?? ''}`
  const before = told.get(key)
  if (by === 'stack' && before?.by === 'kernel-log') return []
  told.set(key, { said, by, isDoubted: false })
  if (before?.said === said) return []
  blockedAgain(context, blocked.tid)
  return [
    {
      kind: 'task-blocked',
      ...blocked,
      errno: errnos[blocked.reason],
      ...(name === null ? {} : { function: name }),
      basis: by === 'stack' ? 'inferred' : 'kernel-log',
    },
  ]
}
