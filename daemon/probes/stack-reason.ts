import type { EventDraft } from '../contract/event.ts'
import type { BlockReason } from '../contract/event-parts.ts'
import { taskKey } from '../core/task-key.ts'
import { kthreadFlag } from '../raw/enums.ts'
import type { RecordOf } from '../raw/records.ts'
import type { DecodeContext } from './probe-set.ts'
import type { SearchedFunction } from './searched-functions.ts'
import { stateLetter } from './state-letter.ts'
import { whoOf } from './task-id.ts'
import { tellBlock } from './told-blocks.ts'

type Row = RecordOf<'task-waited-for'>

/**
 * Why the kernel cannot switch a task, by what it would find when it tried now. Of a stack without any of the functions
 * nothing follows: it may be unreliable, or deeper than what was read of it, or the next try will switch the task.
 * Source: kernel/livepatch/transition.c, klp_try_switch_task.
 */
export const stackReason = (
  { onCpu, frames, address }: Pick<Row, 'onCpu' | 'frames' | 'address'>,
  searched: readonly SearchedFunction[],
): { reason: BlockReason; function: string | null } => {
  if (onCpu) return { reason: 'running', function: null }
  // A negative number of bytes is an error.
  const stack = address.slice(0, Math.max(0, frames) / addressBytes)
  const found = searched.find(({ from, to }) => stack.some((at) => at >= from && at < to))
  return found
    ? { reason: 'sleeping-on-function', function: found.name }
    : { reason: 'unknown', function: null }
}

const addressBytes = 8

/**
 * Who is unswitched is told by the list itself: a reason that is not known only takes back one that holds no more. Not
 * at once: the kernel tries about as often as the list is read, and who has just left a function is switched then.
 */
const doubt = (told: { isDoubted: boolean } | undefined): boolean => {
  const isDoubted = told?.isDoubted ?? false
  if (told) told.isDoubted = true
  return isDoubted
}

/**
 * Blocked tasks by their stacks, where no probe tells of them. Not before the patch's functions have been read since
 * the transition began or was turned round: until then it is not known what to look for.
 */
export const blockedByStack = (context: DecodeContext, rows: readonly Row[]): EventDraft[] => {
  const { transition, tasksAttached, taskList, inventory, toldBlocks } = context
  const { current } = inventory
  if (tasksAttached || !transition || !current || BigInt(current.monoNs) < taskList.lastStepNs) return []
  const searched = current.searched.get(transition.patch)?.[
    transition.target === 1 ? 'patching' : 'unpatching'
  ]
  if (!searched) return []
  return rows.flatMap((row) => {
    const key = taskKey(row.task)
    const why = stackReason(row, searched)
    if (why.reason === 'unknown' && !doubt(toldBlocks.get(key))) return []
    return tellBlock(context, key, 'stack', {
      monoNs: String(row.monoNs),
      ...whoOf(row.task),
      ...why,
      kthread: (row.task.flags & kthreadFlag) !== 0,
      idle: false,
      state: stateLetter(row.state),
      cpu: row.task.cpu,
    })
  })
}
