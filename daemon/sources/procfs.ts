import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import type { RawBody, RawTask } from '../probes/raw-record.ts'

/** So many threads are read at a stretch before other work gets its turn. */
const stretch = 64

/**
 * Every thread by a walk over /proc: the way when there is no BPF iterator. Threads that end meanwhile are left out.
 * @returns null where it does not tell of other users' threads
 */
export const walkTasks = async (): Promise<RawTask[] | null> => {
  // Of process 1, which does not end.
  if (read('/proc/1/patch_state') === null) return null
  const tasks: RawTask[] = []
  let threads = 0
  for (const pid of list('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    for (const tid of list(`/proc/${pid}/task`)) {
      if (++threads % stretch === 0) await breathe()
      const task = readTask(Number(pid), Number(tid))
      if (task) tasks.push(task)
    }
  }
  return tasks
}

const readTask = (pid: number, tid: number): RawTask | undefined => {
  const stat = read(`/proc/${pid}/task/${tid}/stat`)
  const patchState = read(`/proc/${pid}/task/${tid}/patch_state`)
  if (stat === null || patchState === null) return undefined
  // comm stands in parentheses and may hold anything, parentheses too: the last one ends it. See proc(5).
  const end = stat.lastIndexOf(')')
  const comm = stat.slice(stat.indexOf('(') + 1, end)
  const fields = stat.slice(end + 2).split(' ')
  const [flags, startTicks, cpu] = [fields[6], fields[19], fields[36]]
  // Cut off: it ended while it was read.
  if (flags === undefined || startTicks === undefined) return undefined
  return {
    tid,
    pid,
    startTicks,
    patchState: patchState.trim(),
    flags,
    comm,
    cpu: cpu === undefined ? null : Number(cpu),
  }
}

/** Command line and cgroup of one task; null where it cannot be read (the task may be gone). */
export const inspectTask = (tid: number, requester: boolean): RawBody => ({
  source: 'procfs-task',
  tid,
  requester,
  cmdline: read(`/proc/${tid}/cmdline`),
  cgroup: read(`/proc/${tid}/cgroup`),
})

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

const list = (dir: string): string[] => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
