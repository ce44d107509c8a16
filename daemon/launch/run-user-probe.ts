import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { childEnvironment } from '../sources/child-environment.ts'

/**
 * Runs a user's own bpftrace script, and again when it fails, under a shell that ends when its input does.
 * @param runner bpf/run-user-probe.sh
 */
export const runUserProbe = (runner: string, file: string, stdio: StdioOptions): ChildProcess =>
  spawn('sh', [runner, file], {
    stdio,
    // A process group of its own, which the shell ends as a whole.
    detached: true,
    env: childEnvironment(bpftraceSettings()),
  })

/** A script may count on them (BPFTRACE_MAX_STRLEN), or bpftrace need them on this host (BPFTRACE_BTF). */
const bpftraceSettings = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      name.startsWith('BPFTRACE_') && value !== undefined ? [[name, value]] : [],
    ),
  )
