import { Command, InvalidArgumentError } from 'commander'
import { LAB_KERNELS, labKernelNames } from '../../test/lab/kernels.ts'
import { type LabOptions, startLab } from '../../test/lab/lab.ts'
import { LAB_EXIT } from '../../test/lab/lab-error.ts'
import { parseCount } from './number-argument.ts'
import { parseFile } from './source-options.ts'

interface Flags {
  readonly kernel: string
  readonly script?: string
  readonly out?: string
  readonly daemon: boolean
  readonly mem: string
  readonly port?: number
  readonly timeout?: number
}

const DEFAULT_PORT = 8686

const say = (message: string) => process.stderr.write(`lab: ${message}\n`)

/** Exit code of a session that a signal ended, as a shell reports it. */
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const

const runSession = async (flags: Flags): Promise<number> => {
  const options: LabOptions = {
    kernel: flags.kernel,
    script: flags.script,
    outDir: flags.out,
    daemon: flags.daemon,
    memory: flags.mem,
    port: flags.port ?? (flags.script ? undefined : DEFAULT_PORT),
    timeoutS: flags.timeout,
    progress: say,
    scriptOutput: process.stdout,
  }
  const lab = await startLab(options)
  let interrupted: keyof typeof SIGNAL_EXIT | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // The first one leaves time to save what was asked for; the second does not.
      void lab.stop(interrupted || flags.out === undefined ? 0 : undefined)
      interrupted = signal
    })
  }
  if (!flags.script) {
    await lab.ready
    say(flags.daemon ? `the dashboard is at ${lab.url} (Ctrl-C ends)` : 'up, without daemon (Ctrl-C ends)')
  }
  const result = await lab.outcome
  if (result.message) say(result.message)
  if (result.exitCode !== 0 || flags.out) say(`results are in ${result.outDir}`)
  return interrupted && flags.script ? SIGNAL_EXIT[interrupted] : result.exitCode
}

/** As QEMU takes it; with less than 512 MB the lab does not boot. */
const parseMemory = (text: string): string => {
  const [, number = '0', unit] = /^(\d{1,6})([MG])$/.exec(text) ?? []
  const megabytes = Number(number) * (unit === 'G' ? 1024 : 1)
  if (megabytes < 512 || megabytes > 1_048_576)
    throw new InvalidArgumentError('It has to be a size such as 3G or 2048M, 512M to 1024G.')
  return text
}

export const labRunCommand = (): Command =>
  new Command('run')
    .description('boot a real Debian kernel in QEMU, with the daemon inside')
    .requiredOption('--kernel <version>', `which one: ${labKernelNames.join(', ')}`)
    .option(
      '--script <file>',
      'bash script to run as root in the VM; its exit code is the command’s',
      parseFile,
    )
    .option('--out <dir>', 'where database, logs and output go; /lab/out in the VM', parseFile)
    .option('--no-daemon', 'boot without the daemon')
    .option('--mem <size>', 'memory of the VM, such as 3G or 2048M', parseMemory, '3G')
    .option(
      '--port <port>',
      `host port of the dashboard (default: ${DEFAULT_PORT}, with a script any free one)`,
      parseCount(65_535),
    )
    .option(
      '--timeout <seconds>',
      'end a session with a script after this long (default: 900)',
      parseCount(604_800),
    )
    .addHelpText(
      'after',
      `
Kernels: ${LAB_KERNELS.map(({ name, suite }) => `${name} (Debian ${suite})`).join(', ')}.
Without --script the VM stays up, its dashboard published on 127.0.0.1, until Ctrl-C.
Exit codes besides the script's: ${LAB_EXIT.vmNotReady} VM not up, ${LAB_EXIT.kernelCrashed} kernel crashed, ${LAB_EXIT.daemonNotReady} daemon not ready,
${LAB_EXIT.timedOut} timed out, ${LAB_EXIT.qemuMissing} QEMU missing, ${LAB_EXIT.vmVanished} VM vanished, ${LAB_EXIT.setupFailed} set-up failed.`,
    )
    .action(async (flags: Flags) => {
      process.exitCode = await runSession(flags)
    })
