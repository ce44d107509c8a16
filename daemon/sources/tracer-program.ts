import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { execa } from 'execa'
import { timeUntil } from '../time-until.ts'
import { childEnvironment } from './child-environment.ts'

export type TracerProgram = {
  /** Resolves with why it ended, once all it wrote is read. */
  ended: Promise<string>
  /** Ends it; what it has written and nobody has read yet says nothing any more. */
  kill: () => void
  /** Asks it to end, and passes on what it writes until then at the latest (on performance.now's clock). */
  end: (until: number) => Promise<void>
}

/** What it complained of, to be told when it ends. */
const complaintsKept = 5

/**
 * Starts the tracer. It ends with us however we end (parent-death signal), and its probes with it: they hang on file
 * descriptors only.
 * @param read what it writes, in pieces; what it throws ends the tracer
 */
export const startTracerProgram = (
  program: string,
  args: readonly string[],
  read: (piece: Uint8Array) => void,
): TracerProgram => {
  const child = execa(program, args, {
    reject: false,
    buffer: false,
    stdin: 'ignore',
    extendEnv: false,
    env: childEnvironment(),
  })
  const complaints: string[] = []
  let unreadable: string | undefined
  let deaf = false
  const kill = (): void => {
    deaf = true
    child.kill('SIGKILL')
  }
  createInterface({ input: child.stderr }).on('line', (line) => {
    complaints.push(line.replace(/^klpscope-tracer: /, ''))
    if (complaints.length > complaintsKept) complaints.shift()
  })
  child.stdout.on('data', (piece: Buffer) => {
    if (deaf) return
    try {
      read(piece)
    } catch (error) {
      unreadable = error instanceof Error ? error.message : String(error)
      kill()
    }
  })
  const allRead = once(child.stdout, 'close')
  const ended = Promise.all([child, allRead]).then(([result]) => {
    if (unreadable !== undefined) return unreadable
    const how =
      result.code === 'ENOENT' ? 'is not there' : `ended (${result.signal ?? `exit code ${result.exitCode}`})`
    return `the tracer ${how}${complaints.length > 0 ? `: ${complaints.at(-1)}` : ''}`
  })
  return {
    ended,
    kill,
    end: async (until) => {
      child.kill('SIGTERM')
      await Promise.race([ended, timeUntil(until)])
      kill()
    },
  }
}
