/** More CPUs than a kernel has (CONFIG_NR_CPUS). */
const unknownCpu = 2 ** 20

/**
 * Identifies a task in tables: its tid, or -(cpu + 1) for the idle task of a CPU (they all have tid 0). That of a CPU
 * which is not known is not taken for CPU 0's.
 */
export const taskKey = (task: { tid: number; cpu?: number | null }): number =>
  task.tid === 0 ? -((task.cpu ?? unknownCpu) + 1) : task.tid
