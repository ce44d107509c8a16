import { existsSync } from 'node:fs'
import { release } from 'node:os'
import { Command } from 'commander'
import { labFile } from '../../test/lab/checkout.ts'
import { startLab } from '../../test/lab/lab.ts'
import { installSystemPackages, labPackages } from '../../test/lab/system-packages.ts'
import { launchDaemon } from '../launch/launch-daemon.ts'
import { tracerVariable } from '../sources/handed-down.ts'
import { livepatchDir } from '../sources/livepatch-dir.ts'
import { UserError } from '../user-error.ts'
import { type DaemonFlags, daemonCommand, daemonOptions, isRoot, launchOf, requireTracer } from './daemon.ts'
import { ensureTracer } from './ensure-tracer.ts'

const port = 8686
const say = (text: string) => void process.stderr.write(`klpscope: ${text}\n`)

/** `npm start`: the daemon on a host whose kernel can, a lab with a stalled transition on any other. */
export const startCommand = (): Command =>
  new Command('start')
    .description('what npm start does: trace this host, or show a lab where the kernel cannot')
    .option('--kernel <version>', 'kernel of the lab', '6.1')
    .action(async (flags: { kernel: string }) => {
      const lacking = whatThisHostLacks()
      if (lacking === null) {
        await traceThisHost()
        // As klpscope daemon: nothing holds up the end.
        process.exit()
      } else {
        say(`${lacking}: booting the lab instead, Linux ${flags.kernel} in QEMU`)
        await showLab(flags.kernel)
      }
    })

/** Why livepatching cannot be traced here; null when it can. */
const whatThisHostLacks = (): string | null => {
  if (!existsSync(livepatchDir)) return `this kernel (${release()}) has no livepatching`
  if (!existsSync('/sys/kernel/btf/vmlinux')) return `this kernel (${release()}) has no BTF`
  if (!isRoot() && process.env[tracerVariable] === undefined)
    return 'tracing this host needs root (sudo npm start)'
  return null
}

const traceThisHost = async (): Promise<void> => {
  const log = '/var/log/klpscope/klpscope.log'
  // As klpscope daemon without a flag.
  const flags = daemonCommand().opts<DaemonFlags>()
  if (isRoot()) {
    await ensureTracer(say)
    process.exit(await launchDaemon(launchOf(flags, log)))
  }
  const { runDaemon } = await import('../run-daemon.ts')
  await runDaemon({
    ...daemonOptions(flags, requireTracer(flags)),
    log,
    onReady: (url) => {
      say(`tracing this host; its log is ${log}; Ctrl-C ends`)
      process.stdout.write(`${url}\n`)
    },
  })
}

const showLab = async (kernel: string): Promise<void> => {
  await installSystemPackages(labPackages, say)
  await ensureTracer(say)
  const lab = await startLab({
    kernel,
    script: labFile('scenarios', 'story.sh'),
    port,
    timeoutS: Number.POSITIVE_INFINITY,
    progress: say,
  })
  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      void lab.stop(stopping ? 0 : undefined)
      stopping = true
    })
  }
  await lab.ready
  say('the lab is up: a patch stalls on a kernel thread, is released, is replaced, and again; Ctrl-C ends')
  process.stdout.write(`${lab.url}\n`)
  const result = await lab.outcome
  if (!stopping && result.exitCode !== 0) {
    throw new UserError(
      result.message || `The lab ended (exit code ${result.exitCode}).`,
      `Its logs are in ${result.outDir}.`,
      result.exitCode,
    )
  }
}
