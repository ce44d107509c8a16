import type { BenchOptions, GuestBench, Section } from './bench.ts'
import { fixed } from './format.ts'
import { median, quantile } from './statistics.ts'

/** Below the daemon's default budget per second, above which it would not count. */
const CALLS_PER_RUN = 5_000

const names: Record<string, string> = {
  original: 'not patched',
  patched: 'patched',
  counted: 'patched, and counted by the daemon',
}

/** Nanoseconds per call of each run, by what was attached. */
const readRuns = (text: string): Map<string, number[]> => {
  const runs = new Map<string, number[]>()
  for (const line of text.split('\n').filter(Boolean)) {
    const [name = '', calls, microseconds] = line.split(' ')
    runs.set(name, [...(runs.get(name) ?? []), (Number(microseconds) * 1000) / Number(calls)])
  }
  return runs
}

const report = (kernel: string, _options: BenchOptions, read: (file: string) => string): Section[] => {
  const runs = readRuns(read('calls'))
  const nsOf = (name: string): number => median(runs.get(name) ?? [])
  const spread = (name: string): string =>
    [0.25, 0.75].map((share) => fixed(quantile(runs.get(name) ?? [], share), 0)).join('-')
  const counted = read('calls-functions.json').includes('"status":"on"')
  return [
    {
      title: `Calls of a livepatched function, Linux ${kernel}: what counting them costs`,
      columns: ['function', 'ns/call', 'quartiles', 'x patched'],
      rows: Object.entries(names).map(([name, text]) => [
        text,
        fixed(nsOf(name), 0),
        spread(name),
        fixed(nsOf(name) / nsOf('patched'), 1),
      ]),
      notes: [
        'Wall clock of the knob calls: a function that does next to nothing, so this is the cost of the call itself. Under emulation: the ratio carries over, the nanoseconds do not.',
        'One kprobe sits on the ftrace site of the original, beside klp_ftrace_handler: the site then goes through the list of all handlers (arch_ftrace_ops_list_func, kernel/trace/ftrace.c) instead of one trampoline. One sits on the replacement.',
      ],
      ...(counted
        ? {}
        : {
            verdict: { outcome: 'failed', text: 'the daemon did not count these calls to the end' } as const,
          }),
      data: { kernel, nsPerCall: Object.fromEntries([...runs].map(([name, all]) => [name, median(all)])) },
    },
  ]
}

/** What does the daemon's counting cost a caller of a livepatched function? */
export const calls: GuestBench = {
  name: 'calls',
  where: 'guest',
  clock: 'instructions',
  about: 'cost of a call of a livepatched function, counted and not',
  part: 'calls',
  files: (_kernel, { quick }) => ({
    'calls.sh': `calls_per_run=${CALLS_PER_RUN}\ncall_runs=${quick ? 3 : 7}\n`,
  }),
  report,
}
