import type { Gap } from '../../daemon/contract/gap.ts'
import type { Series, Shadow, ShadowId } from '../../daemon/contract/state.ts'
import { formatBytes, formatCount, formatRate, unknownText } from '../../daemon/words/format.ts'
import { shadowUncounted } from '../../daemon/words/words.ts'
import { drawnLines, ShadowChart } from '../charts/shadow-chart.tsx'
import { Empty, Section } from './section.tsx'
import { ShadowAges } from './shadow-ages.tsx'
import { ShadowOwner } from './shadow-owner.tsx'
import { type Column, NumberCell, StackingTable } from './stacking-table.tsx'
import { Elapsed } from './time.tsx'

const columns: Column[] = [
  'Id',
  { number: 'Live' },
  { number: 'Bytes' },
  { number: 'Alloc/s' },
  { number: 'Free/s' },
  { number: 'Allocated' },
  { number: 'Freed' },
  { number: 'Found' },
  { number: 'Duplicates' },
  { number: 'Failures' },
  { number: 'Missed frees' },
  'Ages',
  'Owner',
]

type Props = {
  shadow: Shadow
  /** Whether the probes that see them are attached. */
  isSeen: boolean
  /** Whether changes are counted: otherwise only the walks of the kernel's hash tell how many there are. */
  isCounted: boolean
  series: Series[]
  gaps: Gap[]
}

const adoptionWords: Record<Shadow['adoption'], string> = {
  pending: 'Still counting older ones: variables from before the tracer are not counted in yet.',
  complete: 'Exact, those older than the tracer included.',
  unavailable: 'Variables older than the tracer could not be counted; counts start with the tracer.',
}

export function ShadowVariables({ shadow, isSeen, isCounted, series, gaps }: Props) {
  const { adoption, checkedAt, ids } = shadow
  const drawable = series.some((one) => one.values.some((value) => value !== null))
  return (
    <Section
      id="shadow"
      title="Live shadow variables"
      aside={
        <span class="muted small" data-testid="shadow-adoption" data-adoption={adoption}>
          {isSeen && (isCounted ? (adoptionWords[adoption] ?? adoption) : shadowUncounted)}
          {checkedAt !== null && (
            <>
              {' '}
              Checked against the kernel <Elapsed since={checkedAt} /> ago.
            </>
          )}
        </span>
      }
    >
      {ids.length === 0 ? (
        <Empty>
          {!isSeen
            ? 'Not seen by any probe now.'
            : adoption === 'pending'
              ? 'None seen yet; older ones are still being counted.'
              : 'No shadow variable has been seen. They appear as soon as a patch attaches one.'}
        </Empty>
      ) : (
        <div class="chart-and-table">
          {drawable && (
            <div>
              <ShadowChart series={series} gaps={gaps} />
              {series.length > drawnLines && (
                <p class="muted small">
                  The {drawnLines} ids with most variables of {series.length} are drawn.
                </p>
              )}
            </div>
          )}
          <ShadowTable ids={ids} adoption={adoption} isCounted={isCounted} />
        </div>
      )}
    </Section>
  )
}

type Counted = { adoption: Shadow['adoption']; isCounted: boolean }

function ShadowTable({ ids, adoption, isCounted }: { ids: ShadowId[] } & Counted) {
  return (
    <StackingTable columns={columns} testId="shadow-table">
      {ids.map((one) => (
        <ShadowRow key={one.id} one={one} adoption={adoption} isCounted={isCounted} />
      ))}
    </StackingTable>
  )
}

function ShadowRow({ one, adoption, isCounted }: { one: ShadowId } & Counted) {
  const count = (of: number) => formatCount(isCounted ? of : null)
  const rate = (of: number) => (isCounted ? formatRate(of) : unknownText)
  return (
    <tr data-testid="shadow-row" data-id={one.id}>
      <th scope="row" class="mono">
        {one.id}
      </th>
      <NumberCell label="Live" emphasis="strong" testId="shadow-live">
        {one.live === null && adoption === 'pending' ? 'counting' : formatCount(one.live)}
      </NumberCell>
      <NumberCell label="Bytes" title={sizesText(one.sizesBytes)}>
        {formatBytes(one.liveBytes)}
        {one.sizesBytes.length > 1 && <span class="muted"> ({one.sizesBytes.length} sizes)</span>}
      </NumberCell>
      <NumberCell label="Alloc/s">{rate(one.allocatedPerS)}</NumberCell>
      <NumberCell label="Free/s">{rate(one.freedPerS)}</NumberCell>
      <NumberCell label="Allocated">{count(one.allocated)}</NumberCell>
      <NumberCell label="Freed">{count(one.freed)}</NumberCell>
      <NumberCell label="Found">{count(one.found)}</NumberCell>
      <NumberCell label="Duplicates" emphasis={one.duplicates > 0 ? 'warned' : undefined}>
        {count(one.duplicates)}
      </NumberCell>
      <NumberCell label="Failures" emphasis={one.failures > 0 ? 'warned' : undefined}>
        {count(one.failures)}
      </NumberCell>
      <NumberCell label="Missed frees" title="Frees of a variable that does not exist">
        {count(one.missed)}
      </NumberCell>
      <td data-label="Ages" class="wide">
        {one.live === 0 ? <span class="muted">none live</span> : <ShadowAges ages={one.ages} />}
      </td>
      <td data-label="Owner" class="wide" data-testid="shadow-owner">
        <ShadowOwner one={one} />
      </td>
    </tr>
  )
}

function sizesText(sizes: number[]): string {
  return sizes.length === 0 ? 'Size not seen' : `Sizes seen: ${sizes.map(formatBytes).join(', ')}`
}
