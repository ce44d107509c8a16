import { type ChildProcess, spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { packageDir } from '../package-paths.ts'

const programFile = join(packageDir, 'dist', 'klpscope.js')
/** Below the daemon: whoever asks for a document must not slow observation down. */
const niceness = 10

/** One of our own commands, in a process of its own: reading a large record would hold the daemon up. */
export const runSelf = (args: string[]): ChildProcess => {
  const child = spawn(process.execPath, [programFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (child.pid !== undefined) {
    try {
      setPriority(child.pid, niceness)
    } catch {
      // It ended already.
    }
  }
  return child
}
