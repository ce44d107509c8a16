import type { Readable, Writable } from 'node:stream'
import { execa } from 'execa'
import { childEnvironment } from './child-environment.ts'

/** The other ends of what bpf/run-user-probe.sh reads and writes: all that is needed to follow a script and to end it. */
export type UserProbePipes = {
  /** Its end is the script's. */
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** A line for each start and end. */
  news: Readable
}

/**
 * Starts the shell that runs a script, again and again, until `stdin` ends. Has to be called as root; who holds the pipes
 * need not be.
 * @param runner bpf/run-user-probe.sh
 */
export const startUserProbeProgram = (file: string, runner: string): UserProbePipes => {
  const { stdin, stdout, stderr, stdio } = execa('sh', [runner, file], {
    reject: false,
    buffer: false,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // A process group of its own, which the shell ends as a whole.
    detached: true,
    extendEnv: false,
    env: childEnvironment(bpftraceSettings()),
  })
  return { stdin, stdout, stderr, news: stdio[3] as Readable }
}

/** A script may count on them (BPFTRACE_MAX_STRLEN), or bpftrace need them on this host (BPFTRACE_BTF). */
const bpftraceSettings = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      name.startsWith('BPFTRACE_') && value !== undefined ? [[name, value]] : [],
    ),
  )
