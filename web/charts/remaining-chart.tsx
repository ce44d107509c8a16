import { useMemo } from 'preact/hooks'
import type { Gap } from '../../daemon/contract/gap.ts'
import type { Series, Transition } from '../../daemon/contract/state.ts'
import { formatCount, parseTime } from '../../daemon/words/format.ts'
import { gapBands } from './gap-bands.ts'
import { holdToEnds } from './hold-to-ends.ts'
import { type Line, TimeChart } from './time-chart.tsx'

type Props = { series: Series; gaps: Gap[]; transition: Transition | null }

// Not observed, or no transition that could have any.
const missing = 'no count'
const lines: Line[] = [{ label: 'Remaining', colorProperty: '--chart-1', fill: true, stepped: true, missing }]

/** Tasks not yet in the target state. */
export function RemainingChart({ series, gaps, transition }: Props) {
  const bands = useMemo(() => gapBands(gaps), [gaps])
  const startedAt = parseTime(transition?.startedAt ?? null)
  const marks =
    transition === null || startedAt === null
      ? []
      : [{ time: startedAt, label: `${transition.direction} started` }]
  const held = useMemo(() => holdToEnds(series), [series])
  const newest = series.values.at(-1) ?? null
  return (
    <TimeChart
      data={[held.times, held.values]}
      lines={lines}
      bands={bands}
      marks={marks}
      height={210}
      scale="tail"
      description={`Remaining tasks over the last minutes; newest: ${formatCount(newest)}`}
      testId="remaining-chart"
    />
  )
}
