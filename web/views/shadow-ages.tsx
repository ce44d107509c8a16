import { shadowAgeNames } from '../../daemon/contract/shadow-age-bounds.ts'
import type { ShadowId } from '../../daemon/contract/state.ts'
import { describeAges } from '../../daemon/words/describe-ages.ts'
import { unknownText } from '../../daemon/words/format.ts'

/** How old the live variables of an id are: one bar per age, those that may be older than the tracer hatched. */
export function ShadowAges({ ages }: { ages: ShadowId['ages'] }) {
  if (ages === null) return <span class="muted">{unknownText}</span>
  const bars = shadowAgeNames.map((name, bound) => ({
    name,
    known: ages.known[bound] ?? 0,
    atLeast: ages.atLeast[bound] ?? 0,
  }))
  const most = Math.max(1, ...bars.map(({ known, atLeast }) => known + atLeast))
  const text = describeAges(ages)
  return (
    <span class="ages" role="img" aria-label={text} title={text} data-testid="shadow-ages">
      {bars.map(({ name, known, atLeast }) => (
        <span key={name} class="ages-bar">
          <span class="ages-at-least" style={{ height: `${(100 * atLeast) / most}%` }} />
          <span class="ages-known" style={{ height: `${(100 * known) / most}%` }} />
        </span>
      ))}
      <span class="ages-oldest">
        {oldest(bars)}
        {bars.some(({ atLeast }) => atLeast > 0) && <span class="muted small"> or older</span>}
      </span>
    </span>
  )
}

/** The oldest bar with anything in it, in words. */
function oldest(bars: { name: string; known: number; atLeast: number }[]): string {
  return bars.findLast(({ known, atLeast }) => known + atLeast > 0)?.name ?? unknownText
}
