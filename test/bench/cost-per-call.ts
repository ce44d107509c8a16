import type { BenchOptions, GuestBench, Section } from './bench.ts'
import { type ProgramCost, programCosts } from './bpf-statistics.ts'
import { fixed } from './format.ts'
import { median } from './statistics.ts'
import { missingProbeSets } from './tracer-health.ts'

const costsOf = (read: (file: string) => string, condition: string): ProgramCost[] =>
  programCosts(
    read(`cost-${condition}-prog.json`),
    read(`cost-${condition}-perf.json`),
    read(`cost-${condition}-link.json`),
  )

/** Nanoseconds per call over all programs of one kind. */
const mean = (costs: readonly ProgramCost[], kind: ProgramCost['kind']): number => {
  const of = costs.filter((cost) => cost.kind === kind && cost.calls > 0)
  return of.reduce((sum, cost) => sum + cost.runTimeNs, 0) / of.reduce((sum, cost) => sum + cost.calls, 0)
}

const programSection = (kernel: string, read: (file: string) => string): Section => {
  const daemon = costsOf(read, 'daemon')
  const empty = costsOf(read, 'empty')
  const baseline = { kprobe: mean(empty, 'kprobe'), kretprobe: mean(empty, 'kretprobe') }
  const called = daemon.filter((cost) => cost.calls > 0)
  const idle = daemon.filter((cost) => cost.calls === 0)
  const missing = missingProbeSets(read('cost-daemon-health.json'))
  return {
    title: `Cost per call, Linux ${kernel}: what the daemon's BPF programs take`,
    columns: ['probe', 'programs', 'calls', 'ns/call', 'x an empty program'],
    rows: called.map((cost) => [
      `${cost.kind}:${cost.function}`,
      String(cost.programs),
      String(cost.calls),
      fixed(cost.nsPerCall, 0),
      fixed(cost.nsPerCall / baseline[cost.kind], 1),
    ]),
    notes: [
      `Under emulation: the nanoseconds are this machine's, the ratio carries over. An empty program takes ${fixed(baseline.kprobe, 0)} ns at a kprobe and ${fixed(baseline.kretprobe, 0)} ns at a kretprobe by the same count (mostly reading the clock twice).`,
      'Functions with few calls show their first runs, in which an emulator also translates the code: judge by those with hundreds.',
      'The count (kernel.bpf_stats_enabled) is of the program itself; the way into it is in the next table.',
      ...(idle.length > 0
        ? [`Attached and not called: ${idle.map((cost) => `${cost.kind}:${cost.function}`).join(' ')}.`]
        : []),
    ],
    ...(missing.length > 0 || called.length === 0
      ? {
          verdict: {
            outcome: 'failed',
            text: `not all of the daemon's probes were measured: ${missing.join('; ') || 'none was called'}`,
          } as const,
        }
      : {}),
    data: { kernel, baselineNs: baseline, daemon, empty, missing },
  }
}

interface Storm {
  readonly condition: string
  readonly pairs: number
  readonly microseconds: number
}

const readStorms = (text: string): Storm[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [condition = '', pairs, microseconds] = line.split(' ')
      return { condition, pairs: Number(pairs), microseconds: Number(microseconds) }
    })

const names: Record<string, string> = {
  nothing: 'nothing attached',
  empty: 'an empty kprobe and kretprobe on both functions',
  daemon: 'the daemon',
}

const stormSection = (kernel: string, read: (file: string) => string): Section => {
  const storms = readStorms(read('storms'))
  const nsOf = (condition: string): number =>
    median(
      storms
        .filter((storm) => storm.condition === condition)
        .map((storm) => (storm.microseconds * 1000) / storm.pairs),
    )
  const bare = nsOf('nothing')
  const empty = nsOf('empty') - bare
  return {
    title: `Cost per call, Linux ${kernel}: a shadow variable allocated and freed, everything counted`,
    columns: ['attached', 'ns/pair', 'more than nothing', 'x empty probes'],
    rows: Object.entries(names).map(([condition, name]) => [
      name,
      fixed(nsOf(condition), 0),
      condition === 'nothing' ? '' : fixed(nsOf(condition) - bare, 0),
      condition === 'nothing' ? '' : fixed((nsOf(condition) - bare) / empty, 1),
    ]),
    notes: [
      'Wall clock of the knob shadow_storm (median of its runs): klp_shadow_alloc and klp_shadow_free with all that hangs on them, the way into the probes included. At this rate nearly all events are counted, not streamed. In it also is what the daemon takes of the CPUs meanwhile.',
    ],
    data: { kernel, storms, nsPerPair: { nothing: bare, empty: nsOf('empty'), daemon: nsOf('daemon') } },
  }
}

/** What does a hooked kernel function cost its caller? */
export const costPerCall: GuestBench = {
  name: 'cost-per-call',
  where: 'guest',
  clock: 'instructions',
  about: "run time of the daemon's BPF programs by hooked function, against an empty program",
  part: 'cost',
  files: (_kernel, { quick }: BenchOptions) => ({
    'cost.sh': `storm_pairs=${quick ? 10_000 : 50_000}\nstorm_runs=${quick ? 3 : 7}\ncost_cycles=${quick ? 1 : 3}\n`,
  }),
  report: (kernel, _options, read) => [programSection(kernel, read), stormSection(kernel, read)],
}
