import { readFileSync } from 'node:fs'
import type { RawBody } from '../probes/raw-record.ts'

const minuteMs = 60_000
/** USER_HZ, in which /proc counts CPU time on every architecture but alpha. */
const ticksPerS = 100

export type OverheadWatch = { stop: () => void }

/**
 * Once a window the CPU time that this process and its tracers used. What BPF programs cost the traced tasks is not
 * in it: the kernel counts that only when told to (kernel.bpf_stats_enabled), which costs time itself.
 */
export const watchOverhead = (emit: (body: RawBody) => void, windowMs = minuteMs): OverheadWatch => {
  let last = usedMs()
  const timer = setInterval(() => {
    const now = usedMs()
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

const usedMs = (): Used => {
  const own = cpuTimes('self')
  const living = descendantsOf(process.pid)
    .map(cpuTimes)
    .reduce((sum, { self, reaped }) => sum + self + reaped, 0)
  return { atMs: performance.now(), daemonMs: own.self, tracersMs: own.reaped + living }
}

/** utime + stime, and those of ended children; zeros for a process that is gone. See proc_pid_stat(5). */
const cpuTimes = (pid: number | 'self'): { self: number; reaped: number } => {
  const stat = read(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number)
  return { self: toMs(utime + stime), reaped: toMs(cutime + cstime) }
}

const toMs = (ticks: number): number => (ticks * 1_000) / ticksPerS

/** The tracer's parent has a child that does the work. */
const descendantsOf = (pid: number): number[] =>
  childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)])

/** Of its main thread, which is the one that starts processes here. */
const childrenOf = (pid: number): number[] =>
  read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
