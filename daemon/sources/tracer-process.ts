import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { timeUntil } from '../time-until.ts'
import { childEnvironment } from './child-environment.ts'
import { createLineQueue, type LineAccount } from './line-queue.ts'
import { splitLines } from './lines.ts'

/** How long a tracer may take to attach; under emulation, on a busy machine, all probe sets took 130 s. */
const readyDeadlineMs = 300_000

export type TracerProcess = {
  /** Resolves when the ready record came, rejects when the process ends or the deadline passes before. */
  ready: Promise<void>
  /** Resolves with why it ended. */
  ended: Promise<string>
  /** The lines in which it complained of errors so far. */
  errors: () => string[]
  /** Ends it; what it printed and nobody has heard yet says nothing any more. */
  kill: () => void
  /** Ends it, and passes on what it printed, until then at the latest (on performance.now's clock). */
  end: (until: number) => Promise<void>
}

export type TracerOptions = {
  bpftrace: string
  scriptFile: string
  /** BTF with the kernel's types that the script needs; null: the kernel's own, with all. */
  btfFile: string | null
  onLine: (line: string) => void
  /** Decides which line means that every probe is attached. */
  isReady: (line: string) => boolean
  /** Called with that line, before any later line is passed on. */
  onReady: () => void
  account: LineAccount
}

/**
 * Runs bpftrace on a script. It dies with us however we die (parent-death signal), and its probes with it:
 * they hang on file descriptors only.
 */
export const startTracerProcess = (options: TracerOptions): TracerProcess => {
  const child = execa(
    'setpriv',
    ['--pdeathsig', 'KILL', options.bpftrace, '-B', 'line', '-f', 'json', options.scriptFile],
    {
      reject: false,
      buffer: false,
      stdin: 'ignore',
      extendEnv: false,
      env: childEnvironment({
        BPFTRACE_MAP_KEYS_MAX: '16384',
        BPFTRACE_MAX_MAP_KEYS: '16384',
        BPFTRACE_PERF_RB_PAGES: '256',
        // Each str() of a record takes this much of the buffer: newer versions' 1024 would fill it in no time.
        BPFTRACE_MAX_STRLEN: '128',
        // A cumulative patch may have hundreds of functions, each with two probes.
        BPFTRACE_MAX_PROBES: '4096',
        BPFTRACE_MAX_BPF_PROGS: '4096',
        ...(options.btfFile === null ? {} : { BPFTRACE_BTF: options.btfFile }),
      }),
    },
  )
  const errors: string[] = []
  let killed = false
  let ending = false
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (isError(line) && errors.length < errorsKept) errors.push(line.trim())
  })
  const kill = () => {
    killed = true
    // Not SIGINT: it would print every map once more on its way out.
    child.kill('SIGKILL')
  }

  let attached: () => void = () => undefined
  const readyLine = new Promise<void>((resolve) => {
    attached = resolve
  })
  const queue = createLineQueue((line) => {
    if (killed) return
    if (!options.isReady(line)) return options.onLine(line)
    options.onReady()
    attached()
  }, options.account)
  child.stdout.on('data', splitLines(queue.push))
  const allRead = once(child.stdout, 'close')

  const ended = child.then((result) => {
    if (!ending) queue.end(Number.POSITIVE_INFINITY)
    return killed || ending
      ? 'stopped'
      : `bpftrace ended (${result.signal ?? `exit code ${result.exitCode}`})${errors[0] ? `: ${errors[0]}` : ''}`
  })
  const deadline = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      kill()
      reject(new Error(`bpftrace did not attach its probes within ${readyDeadlineMs / 1000} s`))
    }, readyDeadlineMs)
    void readyLine.then(() => clearTimeout(timer))
    void ended.then((why) => {
      clearTimeout(timer)
      reject(new Error(why))
    })
  })
  // Whoever does not wait for it must not crash by it.
  deadline.catch(() => undefined)
  const end = async (until: number): Promise<void> => {
    ending = true
    child.kill('SIGKILL')
    await Promise.race([Promise.all([child, allRead]), timeUntil(until)])
    queue.end(until)
    killed = true
  }
  return { ready: Promise.race([readyLine, deadline]), ended, errors: () => errors, kill, end }
}

const errorsKept = 50
/** Not a limit that newer kernels do not need any more: bpftrace goes on after that. */
const isError = (line: string): boolean =>
  /ERROR|error|denied|not found/.test(line) && !line.includes('RLIMIT_MEMLOCK')
