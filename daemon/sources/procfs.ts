import { readdirSync, readFileSync } from 'node:fs'
import { setImmediate as breathe } from 'node:timers/promises'
import type { RawBody, RawTask } from '../probes/raw-record.ts'
import { printable } from '../raw/printable.ts'

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
  const stat = readBytes(`/proc/${pid}/task/${tid}/stat`)
  const patchState = read(`/proc/${pid}/task/${tid}/patch_state`)
  const parsed = stat && parseStat(stat)
  return parsed && patchState !== null ? { tid, pid, ...parsed, patchState: patchState.trim() } : undefined
}

/** A line of /proc/PID/stat; undefined when it is cut off: the task ended while it was read. */
export const parseStat = (
  stat: Uint8Array,
): Pick<RawTask, 'comm' | 'flags' | 'startTicks' | 'cpu'> | undefined => {
  // comm stands in parentheses and may hold any bytes, parentheses too: the last one ends it. See proc(5).
  const end = stat.lastIndexOf(closingParenthesis)
  const comm = printable(stat.subarray(stat.indexOf(openingParenthesis) + 1, end))
  const fields = new TextDecoder().decode(stat.subarray(end + 2)).split(' ')
  const [flags, startTicks, cpu] = [fields[6], fields[19], fields[36]]
  if (flags === undefined || startTicks === undefined) return undefined
  return { startTicks, flags, comm, cpu: cpu === undefined ? null : Number(cpu) }
}
const [openingParenthesis, closingParenthesis] = [0x28, 0x29]

/** Command line and cgroup of one task; null where it cannot be read (the task may be gone). */
export const inspectTask = (tid: number, requester: boolean): RawBody => ({
  source: 'procfs-task',
  tid,
  requester,
  cmdline: read(`/proc/${tid}/cmdline`),
  cgroup: read(`/proc/${tid}/cgroup`),
})

const readBytes = (path: string): Buffer | null => {
  try {
    return readFileSync(path)
  } catch {
    return null
  }
}
const read = (path: string): string | null => readBytes(path)?.toString('utf8') ?? null

const list = (dir: string): string[] => {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
