import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { frameOf } from '../raw/frames.ts'
import { childEnvironment } from '../sources/child-environment.ts'

export type ServedTracer = {
  /** Nothing is started any more, and what runs ends at once. */
  close: () => void
}

/** A frame holds some 4 KB. */
const reasonLength = 500

/**
 * Starts a tracer for whoever connects to a socket, as systemd does with Accept=yes: the connection is its standard
 * output. Nothing that comes over it is read. A tracer runs until its reader goes; the next reader ends it.
 * @param path of the socket; only its owner may connect
 */
export const serveTracer = async (
  path: string,
  program: string,
  args: readonly string[],
): Promise<ServedTracer> => {
  let running: ChildProcess | undefined
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (connection) => {
    running?.kill('SIGKILL')
    running = startTracer(program, args, connection)
  })
  rmSync(path, { force: true })
  await new Promise<void>((done, fail) => server.once('error', fail).listen(path, done))
  chmodSync(path, 0o600)
  return {
    close: () => {
      server.close()
      running?.kill('SIGKILL')
    },
  }
}

/** What it writes goes past us; in the end its reader is told why it ended. */
const startTracer = (program: string, args: readonly string[], connection: Socket): ChildProcess => {
  // The reader may go at any time.
  connection.on('error', () => undefined)
  const child = spawn(program, args, {
    stdio: ['ignore', connection, 'pipe'],
    // What a terminal sends to all of its group would end it under its reader.
    detached: true,
    env: childEnvironment(),
  })
  let complaint = ''
  const tell = (how: string): void => {
    const reason = `the tracer ${how}${complaint && `: ${complaint}`}`.slice(0, reasonLength)
    connection.end(frameOf('ended', Buffer.from(JSON.stringify({ reason }))))
    connection.destroySoon()
  }
  if (child.stderr)
    createInterface({ input: child.stderr }).on('line', (line) => {
      complaint = line.replace(/^klpscope-tracer: /, '')
    })
  child.once('error', ({ code, message }: NodeJS.ErrnoException) =>
    tell(code === 'ENOENT' ? 'is not there' : `cannot be started (${message})`),
  )
  // Its worker holds them too, and is gone by then.
  child.once('close', (code, signal) => tell(`ended (${signal ?? `exit code ${code}`})`))
  return child
}
