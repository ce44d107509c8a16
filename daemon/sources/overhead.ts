import { readFileSync } from 'node:fs'
import type { RawBody } from '../probes/raw-record.ts'

const minuteMs = 60_000
/** USER_HZ, in which /proc counts CPU time on every architecture but alpha. */
const ticksPerS = 100

export type OverheadWatch = { stop: () => void }

/**
 * Once a window the CPU time that this process, what it started and its tracer used. What BPF programs cost the traced
 * tasks is not in it: the kernel counts that only when told to (kernel.bpf_stats_enabled), which costs time itself.
 */
export const watchOverhead = (
  emit: (body: RawBody) => void,
  worker: () => number | null,
  windowMs = minuteMs,
): OverheadWatch => {
  let last = usedMs(worker())
  const timer = setInterval(() => {
    const now = usedMs(worker())
    emit({
      source: 'overhead',
      windowMs: Math.round(now.atMs - last.atMs),
      daemonMs: now.daemonMs - last.daemonMs,
      // A tracer that ended took its last part of a window with it.
      tracersMs: Math.max(0, now.tracersMs - last.tracersMs),
    })
    last = now
  }, windowMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}

type Used = { atMs: number; daemonMs: number; tracersMs: number }

const usedMs = (worker: number | null): Used => {
  const { self, reaped } = cpuTimes('self')
  return {
    atMs: performance.now(),
    // What it started makes reports and exports: it counts once it has ended.
    daemonMs: self + reaped,
    tracersMs: worker === null ? 0 : tracerMs(worker),
  }
}

/** Of the tracer's worker and of its parent, which has that of earlier workers. */
const tracerMs = (worker: number): number => {
  const { comm, self, parent } = cpuTimes(worker)
  const watching = cpuTimes(parent)
  // Where the tracer is in another pid namespace its number is somebody else's here.
  if (comm !== tracerComm) return 0
  return self + (watching.comm === tracerComm ? watching.self + watching.reaped : 0)
}

const tracerComm = 'klpscope-tracer'

type CpuTimes = { comm: string; parent: number; self: number; reaped: number }

/** utime + stime, and those of ended children; zeros for a process that is gone. See proc_pid_stat(5). */
const cpuTimes = (pid: number | 'self'): CpuTimes => {
  const stat = read(`/proc/${pid}/stat`)
  const end = stat.lastIndexOf(')')
  const fields = stat.slice(end + 2).split(' ')
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number)
  return {
    comm: stat.slice(stat.indexOf('(') + 1, end),
    parent: Number(fields[1] ?? 0),
    self: toMs(utime + stime),
    reaped: toMs(cutime + cstime),
  }
}

const toMs = (ticks: number): number => (ticks * 1_000) / ticksPerS

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
