import type { BenchOptions, GuestBench, Section, Verdict } from './bench.ts'
import { fixed } from './format.ts'
import { median, medianInterval, quantile } from './statistics.ts'
import { missingProbeSets } from './tracer-health.ts'
import { type MeasuredTransition, readTransitions } from './transition-log.ts'
import { type Block, CONTROL_KERNEL, type Condition, transitionPlan } from './transition-plan.ts'

/** The daemon disturbs nothing when the median ratio lies in here. */
const TOLERATED = { low: 0.95, high: 1.05 }
/** The control slows transitions about fivefold; from here on it counts as seen. */
const CONTROL_SEEN = 2
/** With fewer, chance decides. */
const PAIRS_FOR_A_VERDICT = 10

interface Pair {
  readonly without: MeasuredTransition
  readonly with: MeasuredTransition
}

/** The n-th with the n-th: they come from neighbouring blocks. */
const pairUp = (
  measured: readonly MeasuredTransition[],
  series: Block['series'],
  condition: Condition,
  direction: MeasuredTransition['direction'],
): Pair[] => {
  const of = (wanted: Condition) =>
    measured.filter((one) => one.series === series && one.condition === wanted && one.direction === direction)
  const others = of(condition)
  return of('nothing').flatMap((without, index) => {
    const other = others[index]
    return other ? [{ without, with: other }] : []
  })
}

const columns = [
  'transitions',
  'pairs',
  'without: median s (quartiles)',
  'with: median s (quartiles)',
  'ratio of medians',
  'pair ratios: median (quartiles)',
  '95 % of the median',
  'first try without/with',
]

const spread = (values: readonly number[], digits: number): string =>
  `${fixed(median(values), digits)} (${fixed(quantile(values, 0.25), digits)}-${fixed(quantile(values, 0.75), digits)})`

const summarize = (pairs: readonly Pair[]) => {
  const without = pairs.map((pair) => pair.without.seconds)
  const with_ = pairs.map((pair) => pair.with.seconds)
  const ratios = pairs.map((pair) => pair.with.seconds / pair.without.seconds)
  const firstTry = (side: keyof Pair) => pairs.filter((pair) => pair[side].firstTry).length
  return {
    pairs: pairs.length,
    withoutS: without,
    withS: with_,
    ratios,
    ratioOfMedians: median(with_) / median(without),
    medianRatio: median(ratios),
    interval: medianInterval(ratios),
    firstTry: { without: firstTry('without'), with: firstTry('with') },
  }
}
type Summary = ReturnType<typeof summarize>

const row = (name: string, one: Summary): string[] => [
  name,
  String(one.pairs),
  spread(one.withoutS, 2),
  spread(one.withS, 2),
  fixed(one.ratioOfMedians, 3),
  spread(one.ratios, 3),
  `${fixed(one.interval.low, 2)}-${fixed(one.interval.high, 2)}`,
  `${one.firstTry.without}/${one.firstTry.with}`,
]

/** Only transitions that took as many looks: those of the same kind last the same by the kernel's own clockwork. */
const sameKind = (pairs: readonly Pair[]): Pair[] =>
  pairs.filter((pair) => pair.without.firstTry === pair.with.firstTry)

const range = `${TOLERATED.low} to ${TOLERATED.high}`

const judge = (all: Summary, options: BenchOptions, missing: readonly string[]): Verdict => {
  if (missing.length > 0) {
    return {
      outcome: 'failed',
      text: `the daemon's probes were not all attached (${missing.join('; ')}), so this is not the daemon's effect`,
    }
  }
  const { medianRatio, ratioOfMedians, interval } = all
  const figures = `median pair ratio ${fixed(medianRatio, 3)}, ratio of medians ${fixed(ratioOfMedians, 3)}`
  if (all.pairs < PAIRS_FOR_A_VERDICT || options.quick)
    return { outcome: 'unclear', text: `${figures}; too few pairs for a verdict` }
  const within = medianRatio >= TOLERATED.low && medianRatio <= TOLERATED.high
  if (!within) return { outcome: 'failed', text: `${figures}: not within ${range}` }
  const sure = interval.low >= TOLERATED.low && interval.high <= TOLERATED.high
  return sure
    ? { outcome: 'passed', text: `${figures}: within ${range}, and so is all of the 95 % interval` }
    : {
        outcome: 'passed',
        text: `${figures}: within ${range}; the 95 % interval is wider than that, --pairs narrows it`,
      }
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

const notes = (pairs: readonly Pair[]): string[] => [
  'Durations are from "starting … transition" to "… complete" in the kernel log: its clock, its words.',
  'What the first look does not find ready the kernel looks at again on a whole second of its ticks, so a duration is either the first look (some 0.4 s under emulation, mostly kernel code being rewritten) or that plus the wait for that second. Every transition is asked for at the same point of a tick second, so that this wait is the same for all; whether the first look succeeds is chance (who runs on the other CPU), hence its share.',
  `Pairs in which both sides needed as many looks, where chance has no part: ${fixed(median(sameKind(pairs).map((pair) => pair.with.seconds / pair.without.seconds)), 3)} (median of ${sameKind(pairs).length}).`,
]

const report = (kernel: string, options: BenchOptions, read: (file: string) => string): Section[] => {
  const measured = readTransitions(read('dmesg.txt'))
  const directions = ['patching', 'unpatching'] as const
  const pairs = directions.map((direction) => pairUp(measured, 'main', 'daemon', direction))
  const all = pairs.flat()
  const missing = missingProbeSets(read('daemon-health.json'))
  const sections: Section[] = [
    {
      title: `Non-interference, Linux ${kernel}: transitions with the daemon and without`,
      columns,
      rows: [
        ...directions.map((direction, index) => row(direction, summarize(pairs[index] ?? []))),
        row('both', summarize(all)),
      ],
      notes: notes(all),
      verdict: judge(summarize(all), options, missing),
      data: {
        kernel,
        measured: measured.filter((one) => one.series === 'main'),
        summary: summarize(all),
        missing,
      },
    },
  ]
  if (kernel !== CONTROL_KERNEL) return sections
  const control = summarize(pairUp(measured, 'control', 'fexit', 'patching'))
  sections.push({
    title: `Positive control, Linux ${kernel}: a fexit program on klp_enable_patch`,
    columns,
    rows: [row('patching', control)],
    notes: [
      'Its trampoline is on the stack of whoever loads the livepatch, so that patching is what it holds up.',
    ],
    verdict: judgeControl(control),
    data: { kernel, summary: control },
  })
  return sections
}

/** Does a transition take longer because the daemon watches? */
export const nonInterference: GuestBench = {
  name: 'non-interference',
  where: 'guest',
  about: 'duration of transitions with the daemon attached against without',
  part: 'transitions',
  files: (kernel, { pairs }) => ({
    'transitions.plan': transitionPlan(kernel, pairs)
      .map(({ series, condition, cycles }) => `${series} ${condition} ${cycles}\n`)
      .join(''),
  }),
  report,
}
