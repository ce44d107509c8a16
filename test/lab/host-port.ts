import { createServer } from 'node:net'
import { LAB_EXIT, LabError } from './lab-error.ts'

/** Binds 127.0.0.1:`port` (0: any free one) for a moment and tells which one it was. */
const tryPort = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port))
    })
  })

/** The host port under which the dashboard is published. */
export const chooseHostPort = async (wanted: number | undefined): Promise<number> =>
  tryPort(wanted ?? 0).catch((error: NodeJS.ErrnoException) => {
    throw new LabError(
      LAB_EXIT.setupFailed,
      `Port ${wanted} of 127.0.0.1 cannot be used (${error.code}).`,
      'Choose another one with --port.',
    )
  })
