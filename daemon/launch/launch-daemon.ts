import { spawn } from 'node:child_process'
import { chownSync, closeSync, constants as opening, openSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { childEnvironment } from '../sources/child-environment.ts'
import { kernelLogVariable, tracerVariable } from '../sources/handed-down.ts'
import { giveWay } from '../sources/priority.ts'
import { pipesPerProbe, userProbesVariable } from '../sources/user-probe-pipes.ts'
import { asUser } from './as-user.ts'
import { handOver, handOverFile } from './hand-over.ts'
import { findProgramPlace, type ProgramPlace } from './program-place.ts'
import { runUserProbe } from './run-user-probe.ts'
import { serveTracer } from './serve-tracer.ts'
import { findServiceUser, type ServiceUser } from './service-user.ts'

export type Launch = {
  /** As whom the daemon runs; by default `klpscope`, or else `nobody`. */
  user: string | undefined
  /** Socket of a tracer that somebody else starts; by default we do. */
  tracerSocket: string | undefined
  tracer: { program: string; args: readonly string[] }
  /** Users' own bpftrace scripts, and what runs them. */
  userProbes: { runner: string; files: readonly string[] }
  /** The package that this program is part of. */
  packageDir: string
  runDir: string
  niceness: number
  /** Its record, with what SQLite keeps beside it; and files that it writes on, by the options that named them. */
  database: { option: string; file: string }
  files: readonly { option: string; file: string | undefined }[]
}

/** Behind standard input, output and error, and the kernel log. */
const firstPipe = 4

/**
 * Of Node.js: the daemon makes little garbage and waits most of the time, and with the default of 16 each of its threads
 * comes to hold some 10 MB that it has no use for. With less than 2 decoding takes a third longer.
 */
const smallHeap = '--max-semi-space-size=2'

/** What SQLite keeps beside a database. */
const beside = ['', '-wal', '-shm', '.lock', '.lock-journal']

/**
 * Runs this same command line once more, as a user without privileges, and stays behind as root to start tracers for
 * it. Opens nothing that others write, and takes no orders but signals.
 * @returns the exit code
 * @throws UserError
 */
export const launchDaemon = async (launch: Launch): Promise<number> => {
  process.umask(0o077)
  giveWay(launch.niceness)
  const user = findServiceUser(launch.user)
  handOver(user, launch.runDir, [], 'a file system')
  const { option, file } = launch.database
  const names = beside.map((end) => basename(file) + end)
  handOver(user, dirname(file), names, option)
  for (const { option, file } of launch.files) if (file !== undefined) handOverFile(user, file, option)
  const place = findProgramPlace(user, launch.packageDir, launch.runDir)
  const socket = launch.tracerSocket ?? join(launch.runDir, `tracer-${process.pid}`)
  const served =
    launch.tracerSocket === undefined
      ? await serveTracer(socket, launch.tracer.program, launch.tracer.args)
      : undefined
  try {
    if (served) chownSync(socket, user.uid, user.gid)
    return await runAs(user, place, socket, launch.userProbes)
  } finally {
    served?.close()
    if (served) rmSync(socket, { force: true })
    place.leave()
  }
}

const runAs = async (
  user: ServiceUser,
  { enter, node, script }: ProgramPlace,
  socket: string,
  { runner, files }: Launch['userProbes'],
): Promise<number> => {
  const command = [node, ...process.execArgv, smallHeap, script, ...process.argv.slice(2)]
  const [program, args] = asUser(user, command, enter)
  const log = openKernelLog()
  const child = spawn(program, args, {
    stdio: [
      ...(['inherit', 'inherit', 'inherit', log ?? 'ignore'] as const),
      ...files.flatMap(() => Array<'pipe'>(pipesPerProbe).fill('pipe')),
    ],
    env: childEnvironment({
      [tracerVariable]: socket,
      [userProbesVariable]: String(firstPipe),
      ...(log === null ? {} : { [kernelLogVariable]: String(firstPipe - 1) }),
    }),
  })
  if (log !== null) closeSync(log)
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
  for (const [script, file] of files.entries()) {
    const from = firstPipe + script * pipesPerProbe
    const ends = child.stdio.slice(from, from + pipesPerProbe) as Socket[]
    runUserProbe(runner, file, ends)
    // Each is the script's alone from now on: the daemon sees when it closes.
    for (const end of ends) end.destroy()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
  return ended
}

/** It may be opened with CAP_SYSLOG only, and read on without: for as long as no tracer tells of the log. */
const openKernelLog = (): number | null => {
  try {
    return openSync('/dev/kmsg', opening.O_RDONLY | opening.O_NONBLOCK)
  } catch {
    return null
  }
}
