import type { BenchOptions, GuestBench, Section } from './bench.ts'
import { fixed } from './format.ts'
import { median, quantile } from './statistics.ts'

/** Of lab time, until the tracer says READY. */
const BOUND_S = 5

/** Both say how many: the tracer in its frame READY, bpftrace in its first line. */
const countOf = (said: string): string =>
  (/"attached":(\d+),"lacking"/.exec(said) ?? /Attach(?:ing|ed) (\d+) probes/.exec(said))?.[1] ?? '-'

const report = (kernel: string, _options: BenchOptions, read: (file: string) => string): Section[] => {
  const runs = read('attaching')
    .split('\n')
    .map((line) => line.split(' '))
  const secondsOf = (wanted: string): number[] =>
    runs.filter(([name]) => name === wanted).map(([, microseconds]) => Number(microseconds) / 1e6)
  const seconds = { tracer: secondsOf('tracer'), bpftrace: secondsOf('bpftrace') }
  const ratios = seconds.bpftrace.map((one, index) => one / (seconds.tracer[index] ?? Number.NaN))
  const row = (name: 'tracer' | 'bpftrace', title: string, ratio: string): string[] => [
    title,
    countOf(read(`attaching-${name}`)),
    String(seconds[name].length),
    fixed(median(seconds[name]), 2),
    [0.25, 0.75].map((share) => fixed(quantile(seconds[name], share), 2)).join('-'),
    ratio,
  ]
  const tracerS = median(seconds.tracer)
  return [
    {
      title: `Attaching, Linux ${kernel}: from being executed until every probe is attached`,
      columns: ['program', 'attached', 'runs', 'median s', 'quartiles', 'x the tracer'],
      rows: [
        row('tracer', 'klpscope-tracer', '1.0'),
        row('bpftrace', 'bpftrace, an equivalent script', fixed(median(ratios), 1)),
      ],
      notes: [
        'Seconds of a CPU that executes 500 million instructions in each; a real one is some ten times as fast. Looked at every 0.1 s.',
        "The tracer's count includes iterators, which the script has none of; bpftrace's includes BEGIN.",
      ],
      verdict: {
        outcome: tracerS < BOUND_S ? 'passed' : 'failed',
        text: `the tracer takes ${fixed(tracerS, 2)} s; the bound is ${BOUND_S} s`,
      },
      data: { kernel, seconds, ratios },
    },
  ]
}

/** How long is nothing seen after a start, and what would it be with bpftrace? */
export const attaching: GuestBench = {
  name: 'attaching',
  where: 'guest',
  clock: 'instructions',
  about: 'time until the tracer has attached its probes, beside bpftrace with an equivalent script',
  part: 'attaching',
  files: (_kernel, { quick }) => ({ 'attaching.sh': `attaching_runs=${quick ? 2 : 5}\n` }),
  report,
}
