import { loadavg } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { ensureTracer } from '../../daemon/cli/ensure-tracer.ts'
import { parseCount, parseNumber } from '../../daemon/cli/number-argument.ts'
import { UserError } from '../../daemon/user-error.ts'
import { labKernel, labKernelNames } from '../lab/kernels.ts'
import { LabError } from '../lab/lab-error.ts'
import { installSystemPackages, labPackages, MissingPackagesError } from '../lab/system-packages.ts'
import type { Bench, BenchOptions, GuestBench, HostBench, Section } from './bench.ts'
import { benches } from './benches.ts'
import { fixed, formatSection } from './format.ts'
import { runInGuest } from './guest-run.ts'

interface Flags {
  readonly kernel: string[]
  readonly only?: string[]
  readonly pairs?: number
  readonly minutes?: number
  readonly against?: string
  readonly quick: boolean
  readonly json: boolean
}

const parseMinutes = parseNumber(0.1, 1_440, 'a number of minutes')

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`)

const chosen = (only: readonly string[] | undefined): readonly Bench[] => {
  const unknown = only?.find((name) => !benches.some((bench) => bench.name === name))
  if (unknown)
    throw new InvalidArgumentError(
      `There is no bench ${unknown}. Choose of: ${benches.map(({ name }) => name).join(', ')}.`,
    )
  return only ? benches.filter((bench) => only.includes(bench.name)) : benches
}

const clocks = ['instructions', 'host'] as const

const loadNow = (): number => loadavg()[0] ?? 0

/** Runs everything asked for, telling each section as soon as it is known. */
const runAll = async (flags: Flags, tell: (section: Section) => void, stop: AbortSignal): Promise<void> => {
  const options: BenchOptions = {
    pairs: flags.pairs ?? (flags.quick ? 2 : 10),
    quick: flags.quick,
    ...(flags.minutes === undefined ? {} : { minutes: flags.minutes }),
    ...(flags.against === undefined ? {} : { against: flags.against }),
  }
  const selection = chosen(flags.only)
  for (const bench of selection.filter((one): one is HostBench => one.where === 'host')) {
    if (stop.aborted) return
    say(`${bench.name}: ${bench.about}`)
    for (const section of await bench.run(options)) tell(section)
  }
  const inGuest = selection.filter((one): one is GuestBench => one.where === 'guest')
  if (inGuest.length === 0) return
  await installSystemPackages(labPackages, say)
  await ensureTracer(say)
  for (const kernel of flags.kernel) {
    if (stop.aborted) return
    const before = loadNow()
    say(
      `Linux ${kernel}: ${inGuest.map((bench) => bench.name).join(', ')} (load of this machine: ${fixed(before, 1)})`,
    )
    for (const clock of clocks) {
      const together = inGuest.filter((bench) => bench.clock === clock)
      if (together.length === 0 || stop.aborted) continue
      for (const section of await runInGuest(kernel, together, options, say, stop)) tell(section)
    }
    const load = Math.max(before, loadNow())
    // Its own virtual machine makes one.
    if (load > 2)
      say(`this machine was busy with other things (load ${fixed(load, 1)}): take wide spreads for that`)
  }
}

const run = async (flags: Flags): Promise<void> => {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(130)
      say('stopping; the virtual machine is being ended')
      process.exitCode = 130
      stopping.abort()
    })
  }
  const sections: Section[] = []
  const tell = (section: Section): void => {
    sections.push(section)
    if (!flags.json) process.stdout.write(`${formatSection(section)}\n`)
  }
  await runAll(flags, tell, stopping.signal)
  if (flags.json) process.stdout.write(`${JSON.stringify({ sections }, null, 2)}\n`)
  if (sections.some(({ verdict }) => verdict?.outcome === 'failed')) process.exitCode ||= 1
}

const program = new Command('npm run bench --')
  .description('Measures klpscope. Progress on stderr, results on stdout; exit code 1 when a verdict failed.')
  .option('--kernel <version...>', `lab kernels to measure on (default: ${labKernelNames.join(', ')})`)
  .option('--only <name...>', `benches to run: ${benches.map(({ name }) => name).join(', ')} (default: all)`)
  .option(
    '--pairs <number>',
    'cycles with and without the daemon, each of two transitions (default: 10, with --quick 2)',
    parseCount(10_000),
  )
  .option(
    '--minutes <number>',
    'how long account floods the daemon (default: 10, with --quick 0.5)',
    parseMinutes,
  )
  .option('--against <commit>', 'decoding: measures that commit too, in turn with this one')
  .option('--quick', 'smaller everywhere: shows that it works, proves nothing', false)
  .option('--json', 'results as JSON, with every single measurement', false)
  .action(async (flags: Omit<Flags, 'kernel'> & { kernel?: string[] }) => {
    const kernel = (flags.kernel ?? labKernelNames).map((name) => labKernel(name).name)
    await run({ ...flags, kernel })
  })

await program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof Error)) throw error
  const known = [LabError, InvalidArgumentError, MissingPackagesError].some((kind) => error instanceof kind)
  const text = error instanceof UserError ? `${error.message}\n${error.remedy}` : error.stack
  process.stderr.write(`bench: ${known ? error.message : text}\n`)
  process.exitCode = error instanceof LabError ? error.exitCode : 1
})
