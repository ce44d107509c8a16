/** Identifies a task in tables: its tid, or -(cpu + 1) for the idle task of a CPU (they all have tid 0). */
export const taskKey = (task: { tid: number; cpu?: number | null }): number =>
  task.tid === 0 ? -((task.cpu ?? 0) + 1) : task.tid
