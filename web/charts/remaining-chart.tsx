import { useMemo } from 'preact/hooks'
import type { Series, Tracer, Transition } from '../../daemon/contract/state.ts'
import { formatCount, parseTime } from '../../daemon/words/format.ts'
import { gapBands } from './gap-bands.ts'
import { type Line, TimeChart } from './time-chart.tsx'

type Props = { series: Series; gaps: Tracer['gaps']; transition: Transition | null }

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
  const newest = series.values.at(-1) ?? null
  return (
    <TimeChart
      data={[series.times, series.values]}
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
