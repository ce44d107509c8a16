import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageDir } from '../package-paths.ts'
import { childEnvironment } from '../sources/child-environment.ts'
import { findProgram } from '../sources/find-program.ts'

const programFile = join(packageDir, 'dist', 'klpscope.js')

/**
 * One of our own commands, in a process of its own: reading a large record would hold the daemon up. It has the lowest
 * priority, which is the daemon's too, and as a batch process it never preempts it (SCHED_BATCH, sched(7)).
 */
export const runSelf = (args: string[]): ChildProcess => {
  const chrt = findProgram('chrt')
  const batch = chrt === null ? [] : [chrt, '--batch', '0']
  return spawn('nice', ['-n', '19', ...batch, process.execPath, programFile, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnvironment(),
  })
}
