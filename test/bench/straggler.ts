import type { BenchOptions, GuestBench, Section, Verdict } from './bench.ts'
import { fixed } from './format.ts'
import {
  directions,
  PAIRS_FOR_A_VERDICT,
  pairColumns,
  pairRow,
  pairUp,
  type Summary,
  summarize,
} from './pairs.ts'
import { median } from './statistics.ts'
import { missingProbeSets } from './tracer-health.ts'
import { type MeasuredTransition, readTransitions } from './transition-log.ts'
import { planText, stragglerPlan } from './transition-plan.ts'

/** The end of a transition is not held up when the median ratio lies in here. */
const TOLERATED = { low: 0.9, high: 1.25 }
/** Of one CPU, tracer and daemon together. */
const CPU_BOUND_PERCENT = 5
const STALL_S = 30

const judge = (all: Summary, options: BenchOptions, missing: readonly string[]): Verdict => {
  if (missing.length > 0)
    return {
      outcome: 'failed',
      text: `the daemon's probes were not all attached (${missing.join('; ')}), so this is not the daemon's effect`,
    }
  const figures = `median ratio ${fixed(all.medianRatio, 3)}`
  if (all.pairs < PAIRS_FOR_A_VERDICT || options.quick)
    return { outcome: 'unclear', text: `${figures}; too few pairs for a verdict` }
  const isWithin = all.medianRatio >= TOLERATED.low && all.medianRatio <= TOLERATED.high
  const range = `within ${TOLERATED.low} to ${TOLERATED.high}`
  return { outcome: isWithin ? 'passed' : 'failed', text: `${figures}: ${isWithin ? '' : 'not '}${range}` }
}

const leavingSection = (
  kernel: string,
  options: BenchOptions,
  measured: readonly MeasuredTransition[],
  missing: readonly string[],
): Section => {
  const held = measured.filter(({ secondsAfterLeaving }) => secondsAfterLeaving !== null)
  const pairs = directions.map((direction) => pairUp(held, 'straggler', 'daemon', direction))
  const summaryOf = (some: Parameters<typeof summarize>[0]) =>
    summarize(some, ({ secondsAfterLeaving }) => secondsAfterLeaving ?? Number.NaN)
  const all = summaryOf(pairs.flat())
  return {
    title: `Straggler, Linux ${kernel}: from the last task's leaving to the transition's end, with the daemon and without`,
    columns: pairColumns,
    rows: [
      ...pairs.map((some, index) => pairRow(directions[index] ?? '', summaryOf(some))),
      pairRow('both', all),
    ],
    notes: [
      "Two CPUs, on this machine's own clock: other work on it shows, in both halves alike. A task sleeps in a patched function for some seconds, then it leaves, always at the same point of a tick second; the kernel looks again on a whole one, then gives back its ftrace sites, or its hook in schedule(), and waits for every CPU.",
    ],
    verdict: judge(all, options, missing),
    data: { kernel, measured: held, summary: all, missing },
  }
}

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

const cpuSection = (kernel: string, stalls: readonly Stall[], missing: readonly string[]): Section => {
  const percent = (msOf: (stall: Stall) => number): number =>
    median(stalls.map((stall) => (msOf(stall) / stall.windowMs) * 100))
  const together = percent(({ daemonMs, tracerMs }) => daemonMs + tracerMs)
  const row = (name: string, msOf: (stall: Stall) => number): string[] => [
    name,
    String(stalls.length),
    fixed(median(stalls.map(msOf)), 0),
    fixed(percent(msOf), 2),
  ]
  return {
    title: `Straggler, Linux ${kernel}: CPU time within ${STALL_S} s of a stall of one task`,
    columns: ['program', 'stalls', 'median ms', '% of one CPU'],
    rows: [
      row('klpscope-tracer', ({ tracerMs }) => tracerMs),
      row('daemon', ({ daemonMs }) => daemonMs),
      row('together', ({ daemonMs, tracerMs }) => daemonMs + tracerMs),
    ],
    notes: ['Of an emulated CPU, a tenth as fast as a real one. Nobody looks at the dashboard.'],
    verdict:
      missing.length > 0 || stalls.length === 0
        ? { outcome: 'failed', text: `not all of the daemon was there: ${missing.join('; ')}` }
        : {
            outcome: together < CPU_BOUND_PERCENT ? 'passed' : 'failed',
            text: `${fixed(together, 2)} % of one CPU; the bound is ${CPU_BOUND_PERCENT} %`,
          },
    data: { kernel, stalls, missing },
  }
}

const report = (kernel: string, options: BenchOptions, read: (file: string) => string): Section[] => {
  const missing = missingProbeSets(read('daemon-health.json'))
  return [
    leavingSection(kernel, options, readTransitions(read('dmesg.txt')), missing),
    cpuSection(kernel, readStalls(read('stalls')), missing),
  ]
}

/** Does the end of a stalled transition take longer because the daemon watches, and what does watching it take? */
export const straggler: GuestBench = {
  name: 'straggler',
  where: 'guest',
  clock: 'host',
  about: "from the last task's leaving to the transition's end, with the daemon and without; CPU in a stall",
  part: 'straggler',
  files: (_kernel, { pairs, quick }) => ({
    'straggler.plan': planText(stragglerPlan(pairs)),
    'straggler.sh': `stall_s=${STALL_S}\nstalls=${quick ? 1 : 3}\n`,
  }),
  report,
}
