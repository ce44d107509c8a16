import type { GapSeen } from '../../daemon/contract/gap.ts'
import { gapWords } from '../../daemon/words/gaps.ts'

const order: GapSeen[] = ['nothing', 'polling', 'most']

/** Names the looks of gaps that are drawn; without any there is nothing to name. */
export function GapLegend({ looks }: { looks: GapSeen[] }) {
  const drawn = order.filter((seen) => looks.includes(seen))
  if (drawn.length === 0) return null
  return (
    <ul class="gap-legend" aria-label="Looks of what was not seen" data-testid="gap-legend">
      {drawn.map((seen) => (
        <li key={seen}>
          <span class="gap-look" data-seen={seen} />
          {gapWords[seen]}
        </li>
      ))}
    </ul>
  )
}
