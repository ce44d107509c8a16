import type { Event } from '../contract/event.ts'
import type { ObservedTask } from '../contract/event-parts.ts'
import type { Task, TaskCounts } from '../contract/state.ts'
import { type CoreState, initialState } from './core-state.ts'
import { taskKey } from './task-key.ts'

/** The table of all tasks: only snapshots change it, so it is exactly what the kernel showed. */
export const reduceTasks = (state: CoreState, event: Event): CoreState => {
  if (event.kind !== 'tasks-observed') return state
  const { patched, unpatched, undefined: unconcerned, idle } = event.complete ? none : state.taskCounts
  const counts = { patched, unpatched, undefined: unconcerned, idle }
  const tasks = (event.complete ? initialState.tasks : state.tasks).withMutations((table) => {
    const put = (key: number, task: Task | undefined): void => {
      const before = table.get(key)
      if (before) count(counts, before, -1)
      if (task) count(counts, task, 1)
      if (task) table.set(key, task)
      else table.delete(key)
    }
    for (const key of event.gone) put(key, undefined)
    for (const task of event.changed) put(taskKey(task), toTask(task))
  })
  const taskCounts = { ...counts, total: tasks.size, observedAt: event.time, source: event.source }
  return { ...state, tasks, taskCounts }
}

const none = initialState.taskCounts
type Counts = Pick<TaskCounts, 'patched' | 'unpatched' | 'undefined' | 'idle'>

const count = (counts: Counts, { patchState, idle }: Task, by: 1 | -1): void => {
  if (patchState === 1) counts.patched += by
  else if (patchState === 0) counts.unpatched += by
  else counts.undefined += by
  if (idle) counts.idle += by
}

const toTask = ({ tid, pid, startNs, comm, patchState, kthread, idle, cpu }: ObservedTask): Task => ({
  tid,
  pid,
  startNs,
  comm,
  patchState,
  kthread,
  idle: idle ?? false,
  cpu: cpu ?? null,
})
