import { once } from 'node:events'
import type { Readable } from 'node:stream'
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
  const running = probes.map((probe, script) => startUserProbe(probe, pipesOf(script), tell))
  return { stop: async (until) => void (await Promise.all(running.map(({ stop }) => stop(until)))) }
}

const startUserProbe = (
  { name, file }: UserProbe,
  { stdin, stdout, stderr, news: newsPipe }: UserProbePipes,
  tell: (body: RawBody) => void,
) => {
  /** Since when nothing is seen; null: it is attached. */
  let blindSinceNs: string | null = monotonicNs()
  let blindReason = 'its probes were being attached'
  let attaching: NodeJS.Timeout | undefined
  let stopping = false

  /** It has ended by its own will: nothing more is to be said. */
  let isDone = false
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
    if (news === 'ended 0') isDone = true
    await sleep(otherPipesMs)
    if (!stopping) blind(complaints.whyEnded(Number(news.replace(/^ended /, '')), file))
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
  for (const pipe of [stdin, stdout, stderr, newsPipe]) pipe.on('error', () => undefined)
  readNews(newsPipe, (news) => void follow(news))
  const allRead = once(stdout, 'close')
  const ended = once(newsPipe, 'close').then(async () => {
    // Lets the watcher in the shell go, too.
    stdin.end()
    await sleep(otherPipesMs)
    if (!stopping && !isDone) blind('the shell that runs it ended')
  })

  return {
    stop: async (until: number): Promise<void> => {
      stopping = true
      stdin.end()
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
