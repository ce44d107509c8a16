import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { prepareRecording } from '../files/prepare-recording.ts'
import { type Launch, launchDaemon } from '../launch/launch-daemon.ts'
import { bpfDir, packageDir, tracerFile } from '../package-paths.ts'
import type { DaemonOptions } from '../run-daemon.ts'
import { requireAllowed } from '../serve/listening.ts'
import { tracerVariable } from '../sources/handed-down.ts'
import { livepatchDir } from '../sources/livepatch-dir.ts'
import { lowestPriority } from '../sources/priority.ts'
import { runRoot } from '../sources/run-directory.ts'
import { defaultKeep } from '../store/keep.ts'
import { UserError } from '../user-error.ts'
import { addListenOptions, type ListenFlags, listeningOf } from './listen-options.ts'
import { parseBound, parseNumber } from './number-argument.ts'
import { parseFile } from './source-options.ts'
import { requireUserProbes, userProbesOf } from './user-probe-options.ts'

const defaultDatabase = '/var/lib/klpscope/klpscope.db'
const defaultStalledAfterS = 10
const defaultCallBudgetPerS = 100_000
const defaultShadowCheckS = 60

/** As useradd(8) takes them, and numbers. */
const parseUser = (text: string): string => {
  if (!/^\w[\w.-]*\$?$/.test(text)) throw new InvalidArgumentError('It has to be the name of a user.')
  return text
}

export type DaemonFlags = ListenFlags & {
  db: string
  keepDays: number
  keepMb: number
  stalledAfter: number
  callBudget: number
  shadowCheck: number
  probe: readonly string[]
  passive?: boolean
  record?: string
  user?: string
  tracer?: string
}

export const daemonCommand = (): Command =>
  addListenOptions(
    new Command('daemon')
      .description('trace this host: record every event and serve the dashboard')
      .option('--db <file>', 'where the record is kept', parseFile, defaultDatabase),
    'where the dashboard and the API are served',
  )
    .option(
      '--keep-days <days>',
      'older events are deleted; none: never',
      parseBound(0.01, 36_500, 'a number of days'),
      defaultKeep.days,
    )
    .option(
      '--keep-mb <megabytes>',
      'when the record is larger, its oldest events are deleted; none: never',
      parseBound(10, 1_000_000_000, 'a number of megabytes'),
      defaultKeep.mb,
    )
    .option(
      '--stalled-after <seconds>',
      'a transition is stalled after this long',
      parseNumber(0.1, 86_400, 'a number of seconds'),
      defaultStalledAfterS,
    )
    .option(
      '--call-budget <per second>',
      'a patched function that is called more often is not counted any more',
      parseNumber(1, 1_000_000_000, 'a number of calls per second'),
      defaultCallBudgetPerS,
    )
    .option(
      '--shadow-check <seconds>',
      'how often the counts of shadow variables are checked against the kernel',
      parseNumber(1, 86_400, 'a number of seconds'),
      defaultShadowCheckS,
    )
    .addOption(
      new Option(
        '--probe <file.bt>',
        'also run this bpftrace script: what it prints becomes events of the kind custom; repeatable',
      )
        .argParser((text: string, earlier: readonly string[]) => [...earlier, parseFile(text)])
        .default([], 'none'),
    )
    .option(
      '--passive',
      'without probes in the kernel: only what the kernel tells of itself (chosen by itself where probes are forbidden)',
    )
    .option(
      '--record <file>',
      'also write every raw record, in frames (for klpscope replay, tests and bug reports)',
      parseFile,
    )
    .option(
      '--user <name>',
      'as whom the daemon runs, without privileges, when root starts it (default: klpscope, or else nobody)',
      parseUser,
    )
    .option(
      '--tracer <socket>',
      'where klpscope-tracer is started for whoever connects, as by a systemd socket with Accept=yes (default: root starts it)',
      parseFile,
    )
    .action(async (flags: DaemonFlags) => {
      await requireAllowed(listeningOf(flags))
      requireHost()
      // What root has checked already need not be checked again, nor can it be.
      if (process.env[tracerVariable] === undefined) requireUserProbes(flags.probe, flags.passive)
      if (isRoot()) process.exit(await launchDaemon(launchOf(flags)))
      const tracerSocket = requireTracer(flags)
      if (flags.record !== undefined) prepareRecording(flags.record)
      // Loaded here, because what stays behind as root does without.
      const { runDaemon } = await import('../run-daemon.ts')
      await runDaemon(daemonOptions(flags, tracerSocket))
      // What is still being attached, or a disk that does not answer, must not hold up the end.
      process.exit()
    })

/** What the flags say, in the daemon's own terms. */
export const daemonOptions = (flags: DaemonFlags, tracerSocket: string): DaemonOptions => ({
  db: flags.db,
  listen: listeningOf(flags),
  record: flags.record,
  keep: { days: boundOrNull(flags.keepDays), mb: boundOrNull(flags.keepMb) },
  stalledAfterMs: flags.stalledAfter * 1000,
  tracerSocket,
  userProbes: userProbesOf(flags.probe),
})

/** What root does for a daemon with these flags. */
export const launchOf = (flags: DaemonFlags, log?: string): Launch => ({
  user: flags.user,
  tracerSocket: flags.tracer,
  tracer: {
    program: tracerFile,
    args: [
      ...(flags.passive ? ['--passive'] : []),
      ...['--shadow-check', String(flags.shadowCheck), '--call-budget', String(flags.callBudget)],
    ],
  },
  userProbes: {
    runner: join(bpfDir, 'run-user-probe.sh'),
    files: userProbesOf(flags.probe).map(({ file }) => file),
  },
  packageDir,
  runDir: runRoot,
  niceness: lowestPriority,
  database: { option: '--db', file: flags.db },
  files: [
    { option: '--record', file: flags.record },
    { option: '--log', file: log },
  ],
})

export const isRoot = (): boolean => process.getuid?.() === 0

/** @throws UserError where nobody has started a tracer, or will */
export const requireTracer = (flags: DaemonFlags): string => {
  const socket = process.env[tracerVariable] ?? flags.tracer
  if (socket !== undefined) return socket
  throw new UserError(
    'Tracing the kernel needs root, or a tracer that root starts.',
    'Run it with sudo (sudo klpscope daemon: it gives up root at once), or name the socket of a tracer with --tracer.',
  )
}

const boundOrNull = (bound: number): number | null => (Number.isFinite(bound) ? bound : null)

const requireHost = (): void => {
  if (!existsSync(livepatchDir)) {
    throw new UserError(
      'This kernel has no livepatching (there is no /sys/kernel/livepatch).',
      'Run the daemon on a kernel with CONFIG_LIVEPATCH, or see it at work in a virtual machine: npm start',
    )
  }
}
