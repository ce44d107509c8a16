import type { EventDraft, EventOf } from '../contract/event.ts'
import type { ObservedTask, PatchState } from '../contract/event-parts.ts'
import { taskKey } from '../core/task-key.ts'
import { kthreadFlag } from '../raw/enums.ts'
import type { DecodeContext } from './probe-set.ts'
import type { RawTask } from './raw-record.ts'

/** The tasks of a walk over /proc; start times have the resolution of a clock tick (10 ms). */
export const parseProcfs = (tasks: RawTask[]): ObservedTask[] =>
  tasks.map((task) => ({
    tid: task.tid,
    pid: task.pid,
    startNs: String(BigInt(task.startTicks) * 10_000_000n),
    patchState: toPatchState(Number(task.patchState)),
    comm: task.comm,
    kthread: (Number(task.flags) & kthreadFlag) !== 0,
    ...(task.cpu === null ? {} : { cpu: task.cpu }),
  }))

/** The difference to the last snapshot; idle tasks come from the context. */
export const observeTasks = (
  context: DecodeContext,
  threads: ObservedTask[],
  source: 'iterator' | 'procfs',
  monoNs: string,
): EventDraft => {
  const table = withIdle(context, threads)
  const gone = [...context.tasks.keys()].filter((key) => !table.has(key))
  return difference(context, table, { monoNs, complete: context.tasks.size === 0, source, gone })
}

/**
 * The same from a list of those alone that the transition waits for: all others are in the target state. Who is gone
 * and who has come in the target state it does not tell.
 */
export const observeWaitedFor = (
  context: DecodeContext,
  waitedFor: ObservedTask[],
  target: 0 | 1,
  monoNs: string,
): EventDraft => {
  const others = [...context.tasks.values()]
    .filter((task) => !task.idle)
    .map((task) => ({ ...task, patchState: target }))
  const table = withIdle(context, [...others, ...waitedFor])
  return difference(context, table, { monoNs, complete: false, source: 'iterator', gone: [] })
}

const withIdle = (context: DecodeContext, threads: ObservedTask[]): Map<number, ObservedTask> => {
  const idle = [...context.idle].map(([cpu, read]) => idleTask(cpu, read))
  return new Map([...threads, ...idle].map((task) => [taskKey(task), task]))
}

const difference = (
  context: DecodeContext,
  table: Map<number, ObservedTask>,
  { gone, ...told }: Pick<EventOf<'tasks-observed'>, 'monoNs' | 'complete' | 'source' | 'gone'>,
): EventDraft => {
  const [idleAsOfMonoNs] = [...context.idle.values()].map(({ readMonoNs }) => readMonoNs).sort(byTime)
  const changed = [...table]
    .filter(([key, task]) => differs(context.tasks.get(key), task))
    .map(([, task]) => task)
  context.tasks = table
  context.sysfs.snapshots++
  const remaining = context.transition ? remainingIn([...table.values()], context.transition.target) : null
  return {
    kind: 'tasks-observed',
    ...told,
    total: table.size,
    remaining,
    changed,
    gone,
    ...(idleAsOfMonoNs === undefined ? {} : { idleAsOfMonoNs }),
  }
}

const byTime = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1)

/** Null when no transition concerns any task: it was read just before the one that is known, or after its end. */
const remainingIn = (tasks: ObservedTask[], target: 0 | 1): number | null => {
  const concerned = tasks.filter(({ patchState }) => patchState !== -1)
  return concerned.length === 0 ? null : concerned.filter(({ patchState }) => patchState !== target).length
}

/** CPUs change all the time and are not worth an event. */
const differs = (before: ObservedTask | undefined, now: ObservedTask): boolean =>
  before?.patchState !== now.patchState || before.startNs !== now.startNs || before.comm !== now.comm

const idleTask = (
  cpu: number,
  { patchState, asOfMonoNs }: { patchState: PatchState; asOfMonoNs: string },
): ObservedTask => ({
  tid: 0,
  pid: 0,
  startNs: '0',
  patchState,
  comm: `swapper/${cpu}`,
  kthread: true,
  idle: true,
  cpu,
  asOfMonoNs,
})

export const toPatchState = (value: number): PatchState => (value === 0 || value === 1 ? value : -1)
