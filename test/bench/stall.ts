import type { BenchOptions, GuestBench, Section } from './bench.ts'
import { fixed } from './format.ts'
import { median } from './statistics.ts'
import { judgeAttached, missingProbeSets } from './tracer-health.ts'

/** Of one CPU, tracer and daemon together. */
const BOUND_PERCENT = 5
const WINDOW_S = 30

interface Stall {
  readonly windowMs: number
  readonly daemonMs: number
  readonly tracerMs: number
}

const readStalls = (text: string): Stall[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [windowMs = 0, daemonMs = 0, tracerMs = 0] = line.split(' ').map(Number)
      return { windowMs, daemonMs, tracerMs }
    })

const parts: Record<string, (stall: Stall) => number> = {
  'klpscope-tracer': ({ tracerMs }) => tracerMs,
  daemon: ({ daemonMs }) => daemonMs,
  together: ({ daemonMs, tracerMs }) => daemonMs + tracerMs,
}

const report = (kernel: string, _options: BenchOptions, read: (file: string) => string): Section[] => {
  const stalls = readStalls(read('stalls'))
  const missing = missingProbeSets(read('daemon-health.json'))
  const rows = Object.entries(parts).map(([name, msOf]) => {
    const percent = median(stalls.map((stall) => (msOf(stall) / stall.windowMs) * 100))
    return { name, ms: median(stalls.map(msOf)), percent }
  })
  const together = rows.at(-1)?.percent ?? Number.NaN
  return [
    {
      title: `Stall, Linux ${kernel}: CPU time within ${WINDOW_S} s of a transition that one task holds up`,
      columns: ['program', 'stalls', 'median ms', '% of the CPU'],
      rows: rows.map(({ name, ms, percent }) => [
        name,
        String(stalls.length),
        fixed(ms, 0),
        fixed(percent, 2),
      ]),
      notes: [
        'Of a CPU that executes 500 million instructions a second; a real one is some ten times as fast. From some seconds after the start on; nobody looks at the dashboard.',
      ],
      verdict: judgeAttached(missing) ?? {
        outcome: together < BOUND_PERCENT ? 'passed' : 'failed',
        text: `${fixed(together, 2)} % of one CPU; the bound is ${BOUND_PERCENT} %`,
      },
      data: { kernel, stalls, missing },
    },
  ]
}

/** What does it take to watch a stalled transition? */
export const stall: GuestBench = {
  name: 'stall',
  where: 'guest',
  clock: 'instructions',
  about: 'CPU time of the tracer and the daemon while one task holds up a transition',
  part: 'stall',
  files: (_kernel, { quick }) => ({ 'stall.sh': `stall_s=${WINDOW_S}\nstalls=${quick ? 1 : 3}\n` }),
  report,
}
