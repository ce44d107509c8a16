import { readdir, readFile } from 'node:fs/promises'
import type { RawBody, RawTask } from '../probes/raw-record.ts'

/** Every thread by a walk over /proc: the way when there is no BPF iterator. Threads that end meanwhile are left out. */
export const walkTasks = async (): Promise<RawTask[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const tasks: RawTask[] = []
  for (const pid of pids) {
    const tids = await readdir(`/proc/${pid}/task`).catch(() => [])
    for (const tid of tids) {
      const task = await readTask(Number(pid), Number(tid))
      if (task) tasks.push(task)
    }
  }
  return tasks
}

const readTask = async (pid: number, tid: number): Promise<RawTask | undefined> => {
  try {
    const dir = `/proc/${pid}/task/${tid}`
    const [stat, patchState] = await Promise.all([
      readFile(`${dir}/stat`, 'utf8'),
      readFile(`${dir}/patch_state`, 'utf8'),
    ])
    // comm stands in parentheses and may hold anything, parentheses too: the last one ends it. See proc(5).
    const end = stat.lastIndexOf(')')
    const comm = stat.slice(stat.indexOf('(') + 1, end)
    const fields = stat.slice(end + 2).split(' ')
    const [flags = '0', startTicks = '0', cpu = '0'] = [fields[6], fields[19], fields[36]]
    return { tid, pid, startTicks, patchState: patchState.trim(), flags, comm, cpu: Number(cpu) }
  } catch {
    return undefined
  }
}

/** Stack, command line and cgroup of one task; null where it cannot be read (the task may be gone). */
export const inspectTask = async (tid: number, requester: boolean): Promise<RawBody> => {
  const read = async (name: string) => readFile(`/proc/${tid}/${name}`, 'utf8').catch(() => null)
  const [stack, cmdline, cgroup] = await Promise.all([
    requester ? null : read('stack'),
    read('cmdline'),
    read('cgroup'),
  ])
  return { source: 'procfs-task', tid, requester, stack, cmdline, cgroup }
}
