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
import { readTransitions } from './transition-log.ts'
import { planText, stragglerPlan } from './transition-plan.ts'

/** The end of a transition is not held up when the median ratio lies in here. */
const TOLERATED = { low: 0.9, high: 1.25 }

const judge = (all: Summary, options: BenchOptions, missing: readonly string[]): Verdict => {
  const unattached = judgeAttached(missing)
  if (unattached) return unattached
  const figures = `median ratio ${fixed(all.medianRatio, 3)}`
  if (all.pairs < PAIRS_FOR_A_VERDICT || options.quick)
    return { outcome: 'unclear', text: `${figures}; too few pairs for a verdict` }
  const isWithin = all.medianRatio >= TOLERATED.low && all.medianRatio <= TOLERATED.high
  const range = `within ${TOLERATED.low} to ${TOLERATED.high}`
  return { outcome: isWithin ? 'passed' : 'failed', text: `${figures}: ${isWithin ? '' : 'not '}${range}` }
}

const report = (kernel: string, options: BenchOptions, read: (file: string) => string): Section[] => {
  const measured = readTransitions(read('dmesg.txt')).filter(({ series }) => series === 'straggler')
  const missing = missingProbeSets(read('daemon-health.json'))
  const held = measured.filter(({ secondsAfterLeaving }) => secondsAfterLeaving !== null)
  const pairs = directions.map((direction) => pairUp(held, 'straggler', 'daemon', direction))
  const summaryOf = (some: Parameters<typeof summarize>[0]) =>
    summarize(some, ({ secondsAfterLeaving }) => secondsAfterLeaving ?? Number.NaN)
  const all = summaryOf(pairs.flat())
  return [
    {
      title: `Straggler, Linux ${kernel}: from the last task's leaving to the transition's end, with the daemon and without`,
      columns: pairColumns,
      rows: [
        ...pairs.map((some, index) => pairRow(directions[index] ?? '', summaryOf(some))),
        pairRow('both', all),
      ],
      notes: [
        "Two CPUs, on this machine's own clock: other work on it shows, in both halves alike. A task sleeps in a patched function for some seconds, then it leaves, always at the same point of a tick second; the kernel looks again on a whole one, then gives back its ftrace sites, or its hook in schedule(), and waits for every CPU.",
        ...(held.length < measured.length
          ? [`${measured.length - held.length} transitions ended before the task left, and are left out.`]
          : []),
      ],
      verdict: judge(all, options, missing),
      data: { kernel, measured: held, summary: all, missing },
    },
  ]
}

/** Does the end of a stalled transition take longer because the daemon watches? */
export const straggler: GuestBench = {
  name: 'straggler',
  where: 'guest',
  clock: 'host',
  about: "from the last task's leaving to the transition's end, with the daemon attached against without",
  part: 'straggler',
  files: (_kernel, { pairs }) => ({ 'straggler.plan': planText(stragglerPlan(pairs)) }),
  report,
}
