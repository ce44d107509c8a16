import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import { prepareRecording } from '../files/prepare-recording.ts'
import { type DaemonOptions, runDaemon } from '../run-daemon.ts'
import { requireAllowed } from '../serve/listening.ts'
import { livepatchDir } from '../sources/sysfs.ts'
import { defaultKeep } from '../store/retention.ts'
import { UserError } from '../user-error.ts'
import { addListenOptions, type ListenFlags, listeningOf } from './listen-options.ts'
import { parseBound, parseNumber } from './number-argument.ts'
import { parseFile } from './source-options.ts'
import { requireUserProbes, userProbesOf } from './user-probe-options.ts'

const defaultDatabase = '/var/lib/klpscope/klpscope.db'
const defaultStalledAfterS = 10
const defaultCallBudgetPerS = 100_000
const defaultShadowCheckS = 60

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
    .action(async (flags: DaemonFlags) => {
      await requireAllowed(listeningOf(flags))
      requireHost()
      requireUserProbes(flags.probe)
      if (flags.record !== undefined) prepareRecording(flags.record)
      await runDaemon(daemonOptions(flags))
      // What is still being attached, or a disk that does not answer, must not hold up the end.
      process.exit()
    })

/** What the flags say, in the daemon's own terms. */
export const daemonOptions = (flags: DaemonFlags): DaemonOptions => ({
  db: flags.db,
  listen: listeningOf(flags),
  record: flags.record,
  keep: { days: boundOrNull(flags.keepDays), mb: boundOrNull(flags.keepMb) },
  stalledAfterMs: flags.stalledAfter * 1000,
  callBudgetPerS: flags.callBudget,
  shadowCheckS: flags.shadowCheck,
  userProbes: userProbesOf(flags.probe),
  passive: flags.passive === true,
})

const boundOrNull = (bound: number): number | null => (Number.isFinite(bound) ? bound : null)

const requireHost = (): void => {
  if (!existsSync(livepatchDir)) {
    throw new UserError(
      'This kernel has no livepatching (there is no /sys/kernel/livepatch).',
      'Run the daemon on a kernel with CONFIG_LIVEPATCH, or see it at work in a virtual machine: npm start',
    )
  }
  if (process.getuid?.() !== 0) {
    throw new UserError('Tracing the kernel needs root.', 'Run it with sudo: sudo klpscope daemon')
  }
}
