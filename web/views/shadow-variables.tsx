import type { Series, Shadow, ShadowId, Tracer } from '../../daemon/contract/state.ts'
import { formatBytes, formatCount, formatRate } from '../../daemon/words/format.ts'
import { drawnLines, ShadowChart } from '../charts/shadow-chart.tsx'
import { Empty, Section } from './section.tsx'
import { ShadowAges } from './shadow-ages.tsx'
import { ShadowOwner } from './shadow-owner.tsx'
import { Elapsed } from './time.tsx'

type Props = { shadow: Shadow; series: Series[]; gaps: Tracer['gaps'] }

const adoptionWords: Record<Shadow['adoption'], string> = {
  pending: 'Still counting older ones: variables from before the tracer are not counted in yet.',
  complete: 'Exact, those older than the tracer included.',
  unavailable: 'Variables older than the tracer could not be counted; counts start with the tracer.',
}

export function ShadowVariables({ shadow, series, gaps }: Props) {
  const { adoption, checkedAt, ids } = shadow
  const drawable = series.some((one) => one.values.some((value) => value !== null))
  return (
    <Section
      id="shadow"
      title="Live shadow variables"
      aside={
        <span class="muted small" data-testid="shadow-adoption" data-adoption={adoption}>
          {adoptionWords[adoption] ?? adoption}
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
          {adoption === 'pending'
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
          <ShadowTable ids={ids} adoption={adoption} />
        </div>
      )}
    </Section>
  )
}

function ShadowTable({ ids, adoption }: { ids: ShadowId[]; adoption: Shadow['adoption'] }) {
  return (
    <table class="stacking" data-testid="shadow-table">
      <thead>
        <tr>
          <th scope="col">Id</th>
          <th scope="col" class="number">
            Live
          </th>
          <th scope="col" class="number">
            Bytes
          </th>
          <th scope="col" class="number">
            Alloc/s
          </th>
          <th scope="col" class="number">
            Free/s
          </th>
          <th scope="col" class="number">
            Allocated
          </th>
          <th scope="col" class="number">
            Freed
          </th>
          <th scope="col" class="number">
            Found
          </th>
          <th scope="col" class="number">
            Duplicates
          </th>
          <th scope="col" class="number">
            Failures
          </th>
          <th scope="col" class="number">
            Missed frees
          </th>
          <th scope="col">Ages</th>
          <th scope="col">Owner</th>
        </tr>
      </thead>
      <tbody>
        {ids.map((one) => (
          <ShadowRow key={one.id} one={one} adoption={adoption} />
        ))}
      </tbody>
    </table>
  )
}

function ShadowRow({ one, adoption }: { one: ShadowId; adoption: Shadow['adoption'] }) {
  return (
    <tr data-testid="shadow-row" data-id={one.id}>
      <th scope="row" class="mono">
        {one.id}
      </th>
      <td data-label="Live" class="number strong" data-testid="shadow-live">
        {one.live === null && adoption === 'pending' ? 'counting' : formatCount(one.live)}
      </td>
      <td data-label="Bytes" class="number" title={sizesText(one.sizesBytes)}>
        {formatBytes(one.liveBytes)}
        {one.sizesBytes.length > 1 && <span class="muted"> ({one.sizesBytes.length} sizes)</span>}
      </td>
      <td data-label="Alloc/s" class="number">
        {formatRate(one.allocatedPerS)}
      </td>
      <td data-label="Free/s" class="number">
        {formatRate(one.freedPerS)}
      </td>
      <td data-label="Allocated" class="number">
        {formatCount(one.allocated)}
      </td>
      <td data-label="Freed" class="number">
        {formatCount(one.freed)}
      </td>
      <td data-label="Found" class="number">
        {formatCount(one.found)}
      </td>
      <td data-label="Duplicates" class={one.duplicates > 0 ? 'number warned' : 'number'}>
        {formatCount(one.duplicates)}
      </td>
      <td data-label="Failures" class={one.failures > 0 ? 'number warned' : 'number'}>
        {formatCount(one.failures)}
      </td>
      <td data-label="Missed frees" class="number" title="Frees of a variable that does not exist">
        {formatCount(one.missed)}
      </td>
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
