import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { userProbeSource } from '../contract/user-probe.ts'
import type { RawBody } from '../probes/raw-record.ts'
import { timeUntil } from '../time-until.ts'
import { monotonicNs } from './clock.ts'
import { createUserProbeComplaints } from './user-probe-complaints.ts'
import { createUserProbeOutput } from './user-probe-output.ts'
import type { UserProbePipes } from './user-probe-pipes.ts'

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
 * Reads what users' own bpftrace scripts print, which root runs beside the tracer, each under a shell that ends with us
 * however we end. Nothing that becomes of them concerns anything else.
 * @param pipesOf those of the shell of a script, by its number
 */
export const startUserProbes = (
  probes: readonly UserProbe[],
  pipesOf: (script: number) => UserProbePipes,
  tell: (body: RawBody) => void,
): UserProbes => {
  const followed = probes.map((probe, script) => followUserProbe(probe, pipesOf(script), tell))
  return { stop: async (until) => void (await Promise.all(followed.map(({ stop }) => stop(until)))) }
}

const followUserProbe = (
  { name, file }: UserProbe,
  { stdin, stdout, stderr, news }: UserProbePipes,
  tell: (body: RawBody) => void,
): UserProbes => {
  /** Since when nothing is seen; null: it is attached. */
  let blindSinceNs: string | null = monotonicNs()
  let blindReason = 'its probes were being attached'
  let attaching: NodeJS.Timeout | undefined
  let stopping = false
  let endedItself = false
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
    if (stopping) return
    blindSinceNs ??= monotonicNs()
    blindReason = reason
    gap()
  }
  const follow = async (line: string): Promise<void> => {
    if (line === 'started') return
    const exitCode = Number(line.replace(/^ended /, ''))
    endedItself = exitCode === 0
    await sleep(otherPipesMs)
    blind(complaints.whyEnded(exitCode, file))
  }

  stdout.on('data', (piece: Buffer) => {
    // The first line only says that it was compiled.
    if (blindSinceNs !== null) {
      if (attaching) attached()
      else attaching = setTimeout(attached, attachingMs)
    }
    output.read(piece)
  })
  stderr.on('data', complaints.read)
  stdin.on('error', () => undefined)
  readNews(news, (line) => void follow(line))
  const allRead = Promise.allSettled([stdout, stderr, news].map((pipe) => finished(pipe)))
  const ended = allRead.then(async () => {
    // Lets the watcher in the shell go, too.
    stdin.end()
    await sleep(otherPipesMs)
    if (!endedItself) blind('the shell that runs it has ended; to run it again, restart the daemon')
  })

  return {
    stop: async (until) => {
      stopping = true
      stdin.end()
      await Promise.race([ended, timeUntil(until)])
      settle()
      output.end()
      gap()
    },
  }
}

/** Of what comes at once only the last: when the daemon begins to read, a script may have failed several times. */
const readNews = (pipe: Readable, tell: (line: string) => void): void => {
  let rest = ''
  pipe.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    const last = lines.at(-1)
    if (last !== undefined) tell(last)
  })
}
