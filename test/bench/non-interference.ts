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
import { judgeAttached, missingProbeSets } from './tracer-health.ts'
import { type MeasuredTransition, readTransitions } from './transition-log.ts'
import { CONTROL_KERNEL, planText, transitionPlan } from './transition-plan.ts'

/** The daemon disturbs nothing when the median ratio lies in here, for either direction. */
const TOLERATED = { low: 0.95, high: 1.05 }
/** The control slows transitions about fivefold; from here on it counts as seen. */
const CONTROL_SEEN = 2
/** Debian's HZ is 250. What takes less than a tick, as patching on 7.2 does, has no meaningful ratio. */
const TICK_MS = 4

const columns = [...pairColumns, 'first try without/with']

const row = (name: string, one: Summary): string[] => [
  ...pairRow(name, one),
  `${one.firstTry.without}/${one.firstTry.with}`,
]

const range = `${TOLERATED.low} to ${TOLERATED.high}`

const isWithin = (one: Summary): boolean =>
  (one.medianRatio >= TOLERATED.low && one.medianRatio <= TOLERATED.high) || Math.abs(one.longerMs) < TICK_MS

const judge = (
  byDirection: readonly Summary[],
  options: BenchOptions,
  missing: readonly string[],
): Verdict => {
  const unattached = judgeAttached(missing)
  if (unattached) return unattached
  const figures = byDirection
    .map((one, index) => {
      const ms = `${fixed(one.longerMs, 1)} ms`
      return `${directions[index]}: median pair ratio ${fixed(one.medianRatio, 3)} (${ms})`
    })
    .join(', ')
  const pairs = byDirection.reduce((sum, one) => sum + one.pairs, 0)
  if (pairs < PAIRS_FOR_A_VERDICT || options.quick)
    return { outcome: 'unclear', text: `${figures}; too few pairs for a verdict` }
  const bounds = `within ${range}, or by less than the kernel's own tick of ${TICK_MS} ms`
  return byDirection.every(isWithin)
    ? { outcome: 'passed', text: `${figures}: ${bounds}` }
    : { outcome: 'failed', text: `${figures}: not ${bounds}` }
}

const judgeControl = (control: Summary): Verdict =>
  control.ratioOfMedians >= CONTROL_SEEN
    ? {
        outcome: 'passed',
        text: `the same measurement sees a known disturber: ${fixed(control.ratioOfMedians, 1)} times as long`,
      }
    : {
        outcome: 'failed',
        text: `the known disturber shows only as ${fixed(control.ratioOfMedians, 2)} times: this measurement sees too little`,
      }

/** The situations a transition meets; in each its number of looks is not left to chance. */
const situations = [
  {
    series: 'quiet',
    title: 'nobody in the way (one CPU)',
    notes: [
      'Durations are from "starting … transition" to "… complete" in the kernel log: its clock, its words. What the kernel does not find ready at its first look it looks at again on a whole second of its ticks, so durations are quantised: the first look alone, or that plus the wait for that second, once or more. Which of them it takes must not be chance.',
      'Here the first look suffices every time, so this is the sharpest view of what the daemon adds to the work itself; a few milliseconds are a large ratio. "first try" counts the transitions whose first look sufficed: a tracer that makes stacks unreliable shows there at once. Idle tasks on other CPUs would fail the first look at random (and wake-ups by anyone make it succeed), therefore one CPU.',
    ],
  },
  {
    series: 'counted',
    title: 'nobody in the way, calls counted when it is disabled (one CPU)',
    notes: [
      'As above, but the daemon has had the time to attach to the patched functions and their replacements before the patch is disabled: those kprobes sit at the very ftrace sites that livepatch gives up.',
    ],
  },
  {
    series: 'held',
    title: 'a task is in the way at first (one CPU)',
    notes: [
      'The usual case of a real machine: the first look finds a task it cannot switch, the second one, on the next tick second, finds it ready. Every transition is asked for at the same point of a tick second, so the wait for the next is about the same for all. A daemon that costs one more look shows as a whole second.',
    ],
  },
] as const

const situationSection = (
  kernel: string,
  options: BenchOptions,
  measured: readonly MeasuredTransition[],
  missing: readonly string[],
  { series, title, notes }: (typeof situations)[number],
): Section => {
  const pairs = directions.map((direction) => pairUp(measured, series, 'daemon', direction))
  const byDirection = pairs.map((some) => summarize(some))
  const all = summarize(pairs.flat())
  return {
    title: `Non-interference, Linux ${kernel}: transitions with the daemon and without, ${title}`,
    columns,
    rows: [...byDirection.map((one, index) => row(directions[index] ?? '', one)), row('both', all)],
    notes,
    verdict: judge(byDirection, options, missing),
    data: {
      kernel,
      series,
      measured: measured.filter((one) => one.series === series),
      summary: all,
      missing,
    },
  }
}

const controlSection = (kernel: string, measured: readonly MeasuredTransition[]): Section => {
  const control = summarize(pairUp(measured, 'control', 'fexit', 'patching'))
  return {
    title: `Positive control, Linux ${kernel}: a fexit program on klp_enable_patch, nobody else in the way`,
    columns,
    rows: [row('patching', control)],
    notes: [
      'Its trampoline is on the stack of whoever loads the livepatch, so that patching is what it holds up.',
    ],
    verdict: judgeControl(control),
    data: { kernel, summary: control },
  }
}

const report = (kernel: string, options: BenchOptions, read: (file: string) => string): Section[] => {
  const measured = readTransitions(read('dmesg.txt'))
  const missing = missingProbeSets(read('daemon-health.json'))
  return [
    ...situations.map((situation) => situationSection(kernel, options, measured, missing, situation)),
    ...(kernel === CONTROL_KERNEL ? [controlSection(kernel, measured)] : []),
  ]
}

/** Does a transition take longer because the daemon watches? */
export const nonInterference: GuestBench = {
  name: 'non-interference',
  where: 'guest',
  clock: 'instructions',
  about: 'duration of transitions with the daemon attached against without',
  part: 'transitions',
  files: (kernel, { pairs }) => ({ 'transitions.plan': planText(transitionPlan(kernel, pairs)) }),
  report,
}
