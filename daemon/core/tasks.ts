import type { Event } from '../contract/event.ts'
import type { Task } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'
import { taskKey } from './task-key.ts'

/** The table of all tasks: only snapshots change it, so it is exactly what the kernel showed. */
export const reduceTasks = (state: CoreState, event: Event): CoreState => {
  if (event.kind !== 'tasks-observed') return state
  const tasks = event.complete ? new Map<number, Task>() : new Map(state.tasks)
  for (const key of event.gone) tasks.delete(key)
  for (const task of event.changed) {
    const { tid, pid, startNs, comm, patchState, kthread } = task
    tasks.set(taskKey(task), {
      tid,
      pid,
      startNs,
      comm,
      patchState,
      kthread,
      idle: task.idle ?? false,
      cpu: task.cpu ?? null,
    })
  }
  const counts = { patched: 0, unpatched: 0, undefined: 0, idle: 0 }
  for (const task of tasks.values()) {
    if (task.patchState === 1) counts.patched++
    else if (task.patchState === 0) counts.unpatched++
    else counts.undefined++
    if (task.idle) counts.idle++
  }
  const taskCounts = { ...counts, total: tasks.size, observedAt: event.time, source: event.source }
  return { ...state, tasks, taskCounts }
}
