import { useMemo } from 'preact/hooks'
import uPlot from 'uplot'
import type { Gap } from '../../daemon/contract/gap.ts'
import type { Series } from '../../daemon/contract/state.ts'
import { plural } from '../../daemon/words/format.ts'
import { useNow } from '../clock.ts'
import { gapBands } from './gap-bands.ts'
import { holdToEnds } from './hold-to-ends.ts'
import { holdUntil } from './hold-until.ts'
import { type Line, TimeChart } from './time-chart.tsx'

type Props = { series: Series[]; gaps: Gap[] }

/** More lines than this cannot be told apart. */
export const drawnLines = 8

const keepNullsAsGaps = 1

/** Live shadow variables, one line per id. */
export function ShadowChart({ series, gaps }: Props) {
  const drawn = useMemo(() => largest(series), [series])
  const bands = useMemo(() => gapBands(gaps), [gaps])
  const now = useNow()
  const data = useMemo(
    () =>
      uPlot.join(
        drawn.map((one) => holdToEnds(holdUntil(one, now))).map((one) => [one.times, one.values]),
        drawn.map(() => [keepNullsAsGaps, keepNullsAsGaps]),
      ),
    [drawn, now],
  )
  return (
    <TimeChart
      data={data}
      lines={drawn.map(line)}
      bands={bands}
      marks={[]}
      height={200}
      scale="linear"
      description={`Live shadow variables over the last minutes, ${plural(drawn.length, 'id')}`}
      testId="shadow-chart"
    />
  )
}

/** The ids with most live variables, in the order of ids so that a line keeps its colour while counts change. */
function largest(series: Series[]): Series[] {
  const last = (one: Series) => one.values.findLast((value) => value !== null) ?? -1
  return [...series]
    .sort((a, b) => last(b) - last(a))
    .slice(0, drawnLines)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function line(series: Series, index: number): Line {
  return {
    label: series.name.slice(series.name.indexOf(':') + 1),
    colorProperty: `--chart-${(index % 4) + 1}`,
    dash: index < 4 ? undefined : [6, 4],
    stepped: true,
  }
}
