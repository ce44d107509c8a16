import type { EventDraft } from '../contract/event.ts'
import type { ObservedTask, PatchState } from '../contract/event-parts.ts'
import { kthreadFlag, recordKind } from '../raw/enums.ts'
import type { RecordOf } from '../raw/records.ts'
import { tellListed } from './logged-block.ts'
import type { DecodeContext, RecordDecoders } from './probe-set.ts'
import { blockedByStack } from './stack-reason.ts'
import { freshStacks, takeStack, tellStacks } from './stacks.ts'
import { observeTasks, observeWaitedFor, toPatchState } from './task-table.ts'

/** Rows of the lists that are being read. */
export type TaskListMemory = {
  threads: RecordOf<'task'>[]
  waitedFor: RecordOf<'task-waited-for'>[]
  /** When the transition started, was reversed, was forced or ended last. */
  lastStepNs: bigint
}

export const freshTaskList = (): TaskListMemory => ({ threads: [], waitedFor: [], lastStepNs: 0n })

/** The transition made a step: lists that were begun before it are void, and who blocks it is another question. */
export const madeStep = (context: DecodeContext, monoNs: bigint): void => {
  const { taskList, toldBlocks } = context
  if (monoNs > taskList.lastStepNs) taskList.lastStepNs = monoNs
  toldBlocks.clear()
  context.unlistedBlocks = []
  context.stacks = freshStacks()
}

/**
 * Read in part before and in part after a step, a list would show tasks as they are neither before nor behind it: one
 * read across a force shows them switched before the force is told.
 */
const isVoid = ({ taskList }: DecodeContext, beganNs: bigint): boolean => beganNs < taskList.lastStepNs

/** Of a walk over /proc. @param read when it began (not known: it counts) and ended */
export const observeUnlessVoid = (
  context: DecodeContext,
  threads: ObservedTask[],
  read: { monoNs: string; beganNs?: string },
): EventDraft[] =>
  read.beganNs !== undefined && isVoid(context, BigInt(read.beganNs))
    ? []
    : [...tellListed(context, threads), observeTasks(context, threads, 'procfs', read.monoNs)]

const observed = ({ task }: RecordOf<'task' | 'task-waited-for'>, patchState: PatchState): ObservedTask => ({
  tid: task.tid,
  pid: task.pid,
  startNs: String(task.startBootNs),
  patchState,
  comm: task.comm,
  kthread: (task.flags & kthreadFlag) !== 0,
  cpu: task.cpu,
})

/** Which rows an end closes; the list begins anew. */
const takeRows = (memory: TaskListMemory, list: number): TaskListMemory['threads' | 'waitedFor'] => {
  switch (list) {
    case recordKind.task:
      return memory.threads.splice(0)
    case recordKind['task-waited-for']:
      return memory.waitedFor.splice(0)
    default:
      throw new Error(`an end of a list of ${list}`)
  }
}

/**
 * All tasks are where a transition that is asked for will take them from. Told is only that nothing else is known to
 * have changed until then: how long a patch has been preparing it shows when time is seen to pass.
 */
const observeTimePassing = ({ tasks }: DecodeContext, monoNs: string): EventDraft[] =>
  tasks.size === 0
    ? []
    : [
        {
          kind: 'tasks-observed',
          monoNs,
          complete: false,
          source: 'iterator',
          total: tasks.size,
          remaining: null,
          changed: [],
          gone: [],
        },
      ]

export const listRecords = {
  task: (row, { taskList }) => {
    taskList.threads.push(row)
    return []
  },

  'task-waited-for': (row, context) => {
    context.taskList.waitedFor.push(row)
    takeStack(context, row)
    return []
  },

  'tasks-end': (end, context): EventDraft[] => {
    const rows = takeRows(context.taskList, end.list)
    const stacks = tellStacks(context, String(end.monoNs))
    const beganNs = rows[0]?.monoNs ?? end.monoNs
    if (!end.complete || rows.length !== end.rows || isVoid(context, beganNs)) return stacks
    const monoNs = String(beganNs)
    if (end.list === recordKind.task) {
      const threads = (rows as RecordOf<'task'>[]).map((row) => observed(row, toPatchState(row.patchState)))
      return [...stacks, ...tellListed(context, threads), observeTasks(context, threads, 'iterator', monoNs)]
    }
    if (!context.transition)
      return [...stacks, ...(context.asking ? observeTimePassing(context, monoNs) : [])]
    const { target } = context.transition
    const waitedFor = rows as RecordOf<'task-waited-for'>[]
    const tasks = waitedFor.map((row) => observed(row, target === 1 ? 0 : 1))
    // Stacks behind it: it may be what says that they are blocked.
    return [
      ...blockedByStack(context, waitedFor),
      observeWaitedFor(context, tasks, target, monoNs),
      ...stacks,
    ]
  },
} satisfies RecordDecoders
