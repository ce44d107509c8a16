import { connect } from 'node:net'
import { timeUntil } from '../time-until.ts'

export type TracerProgram = {
  /** Resolves with why it ended, once all it wrote is read. */
  ended: Promise<string>
  /** Ends it; what it has written and nobody has read yet says nothing any more. */
  kill: () => void
  /** Asks it to end, and passes on what it writes until then at the latest (on performance.now's clock). */
  end: (until: number) => Promise<void>
}

/**
 * Connects to a socket at which a tracer is started for whoever comes (klpscope daemon as root, or systemd). It ends
 * with us however we end: a connection whose other side is gone is its end, and its probes hang on file descriptors only.
 * @param read what it writes, in pieces; what it throws ends the tracer
 */
export const connectTracer = (path: string, read: (piece: Uint8Array) => void): TracerProgram => {
  const socket = connect({ path, allowHalfOpen: true })
  let failure: string | undefined
  let deaf = false
  const kill = (): void => {
    deaf = true
    socket.destroy()
  }
  socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    failure ??= `no tracer answers at ${path} (${code ?? message})`
  })
  socket.on('data', (piece: Buffer) => {
    if (deaf) return
    try {
      read(piece)
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error)
      kill()
    }
  })
  socket.on('end', () => socket.end())
  const ended = new Promise<string>((resolve) =>
    socket.once('close', () => resolve(failure ?? 'the tracer ended')),
  )
  return {
    ended,
    kill,
    end: async (until) => {
      // It sees that nothing more will come from us, and says what is left.
      socket.end()
      await Promise.race([ended, timeUntil(until)])
      kill()
    },
  }
}
