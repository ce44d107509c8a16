import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { userProbeSource } from '../contract/user-probe.ts'
import type { RawBody } from '../probes/raw-record.ts'
import { timeUntil } from '../time-until.ts'
import { childEnvironment } from './child-environment.ts'
import { monotonicNs } from './clock.ts'
import { createUserProbeComplaints } from './user-probe-complaints.ts'
import { createUserProbeOutput } from './user-probe-output.ts'

/** A user's own bpftrace script. */
export type UserProbe = { name: string; file: string }

export type UserProbes = {
  /** Ends them, and passes on what they print until then at the latest (on performance.now's clock). */
  stop: (until: number) => Promise<void>
}

/** bpftrace says that it has compiled a script before it attaches it: one that does not fail then is attached. */
const attachingMs = 10_000
/** What comes over several pipes may come in another order than it was written in. */
const otherPipesMs = 100

/**
 * Runs users' own bpftrace scripts beside the tracer. To be called while the daemon has its privileges: from then on each
 * runs, and is started again, under a shell that ends with us however we end. Nothing that becomes of them concerns
 * anything else.
 * @param runner bpf/run-user-probe.sh
 */
export const startUserProbes = (
  probes: readonly UserProbe[],
  runner: string,
  tell: (body: RawBody) => void,
): UserProbes => {
  const running = probes.map((probe) => startUserProbe(probe, runner, tell))
  return { stop: async (until) => void (await Promise.all(running.map(({ stop }) => stop(until)))) }
}

const startUserProbe = ({ name, file }: UserProbe, runner: string, tell: (body: RawBody) => void) => {
  /** Since when nothing is seen; null: it is attached. */
  let blindSinceNs: string | null = monotonicNs()
  let blindReason = 'its probes were being attached'
  let attaching: NodeJS.Timeout | undefined
  let stopping = false

  const child = execa('sh', [runner, file], {
    reject: false,
    buffer: false,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // A process group of its own, which the shell ends as a whole.
    detached: true,
    extendEnv: false,
    env: childEnvironment(bpftraceSettings()),
  })
  const output = createUserProbeOutput(name, tell)
  const complaints = createUserProbeComplaints()

  const settle = (): void => {
    clearTimeout(attaching)
    attaching = undefined
  }
  const gap = (): void => {
    if (blindSinceNs === null) return
    const part = userProbeSource(name)
    tell({ source: 'tracer', what: 'gap', part, fromMonoNs: blindSinceNs, reason: blindReason })
  }
  const attached = (): void => {
    settle()
    gap()
    blindSinceNs = null
  }
  const blind = (reason: string): void => {
    settle()
    blindSinceNs ??= monotonicNs()
    blindReason = reason
    gap()
  }
  const follow = async (news: string): Promise<void> => {
    if (news === 'started') {
      complaints.forget()
      return
    }
    await sleep(otherPipesMs)
    if (!stopping) blind(complaints.whyEnded(Number(news.replace(/^ended /, '')), file))
  }

  child.stdout.on('data', (piece: Buffer) => {
    // The first line only says that it was compiled.
    if (blindSinceNs !== null) {
      if (attaching) attached()
      else attaching = setTimeout(attached, attachingMs)
    }
    output.read(piece)
  })
  child.stderr.on('data', complaints.read)
  child.stdin.on('error', () => undefined)
  readNews(child.stdio[3] as Readable, (news) => void follow(news))
  const allRead = once(child.stdout, 'close')
  const ended = child.then(async (result) => {
    // Lets the watcher in the shell go, too.
    child.stdin.end()
    await sleep(otherPipesMs)
    if (stopping || result.exitCode === 0) return
    blind(`the shell that runs it ended (${result.signal ?? result.code ?? `exit code ${result.exitCode}`})`)
  })

  return {
    stop: async (until: number): Promise<void> => {
      stopping = true
      child.stdin.end()
      await Promise.race([Promise.all([ended, allRead]), timeUntil(until)])
      settle()
      output.end()
      gap()
    },
  }
}

const readNews = (pipe: Readable, tell: (news: string) => void): void => {
  let rest = ''
  pipe.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) tell(line)
  })
}

/** A script may count on them (BPFTRACE_MAX_STRLEN), or bpftrace need them on this host (BPFTRACE_BTF). */
const bpftraceSettings = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      name.startsWith('BPFTRACE_') && value !== undefined ? [[name, value]] : [],
    ),
  )
