import type { Patch, Tracer } from '../../daemon/contract/state.ts'
import { formatCount, unknownText } from '../../daemon/words/format.ts'
import { PatchCallbacks } from './patch-callbacks.tsx'
import { Empty, Section } from './section.tsx'
import { type Column, NumberCell, StackingTable } from './stacking-table.tsx'
import { Moment } from './time.tsx'

const columns: Column[] = [
  'Patch',
  'State',
  'Replace',
  'Version',
  { number: 'References' },
  { number: 'Stack order' },
  'States',
  'Callbacks',
  'Objects and functions',
]

type Props = { patches: Patch[]; tracerStatus: Tracer['status'] }

/** Newest on the stack first: its functions are the ones that run. */
export function Patches({ patches, tracerStatus }: Props) {
  const ordered = [...patches].sort((a, b) => (b.stackOrder ?? 0) - (a.stackOrder ?? 0))
  return (
    <Section
      id="patches"
      title="Patches"
      testId="patches"
      aside={<span class="count">{patches.length}</span>}
    >
      {patches.length === 0 ? (
        <Empty>
          {tracerStatus === 'starting'
            ? 'Not known yet which patches are loaded.'
            : 'No livepatch is loaded. One appears here as soon as its module is loaded.'}
        </Empty>
      ) : (
        <StackingTable columns={columns}>
          {ordered.map((patch) => (
            <PatchRow key={patch.name} patch={patch} />
          ))}
        </StackingTable>
      )}
    </Section>
  )
}

function PatchRow({ patch }: { patch: Patch }) {
  const running = (patch.callbacks ?? []).filter((callback) => callback.outcome === 'running')
  return (
    <tr data-patch={patch.name}>
      <th scope="row" class="mono">
        {patch.name}
      </th>
      <td data-label="State">
        <span class="tag" data-state={patch.state} title={loadedBy(patch)}>
          {patch.state}
        </span>
        {patch.inTransition && patch.state !== 'enabling' && patch.state !== 'disabling' && (
          <span class="muted small"> in transition</span>
        )}
        {running.map((callback) => (
          <div key={`${callback.object} ${callback.name}`} class="small" data-testid="patch-running-callback">
            in {callback.name} of {callback.object}
            {callback.at !== null && (
              <>
                {' '}
                since <Moment time={callback.at} />
              </>
            )}
          </div>
        ))}
        {patch.replacedBy !== null && <div class="muted small">replaced by {patch.replacedBy}</div>}
        {patch.forced && <div class="small">forced: stays loaded until reboot</div>}
      </td>
      <td data-label="Replace">{patch.replace === undefined ? unknownText : patch.replace ? 'yes' : 'no'}</td>
      <td data-label="Version" title={patch.srcversion && `srcversion ${patch.srcversion}`}>
        {patch.version ?? <span class="muted">none</span>}
      </td>
      <NumberCell label="References">
        {patch.refcount === undefined ? <span class="muted">not loaded</span> : formatCount(patch.refcount)}
      </NumberCell>
      <NumberCell label="Stack order">{formatCount(patch.stackOrder ?? null)}</NumberCell>
      <td data-label="States" title="klp_state id and version">
        {patch.states === null ? (
          <span class="muted">{unknownText}</span>
        ) : (
          patch.states.map((each) => `${each.id} v${each.version}`).join(', ') || (
            <span class="muted">none</span>
          )
        )}
      </td>
      <td data-label="Callbacks" class="wide">
        <PatchCallbacks callbacks={patch.callbacks} />
      </td>
      <td data-label="Objects and functions" class="wide">
        <ul class="objects">
          {patch.objects.map((object) => (
            <li key={object.name}>
              <span class="mono strong">{object.name}</span>
              {object.patched === false && <span class="muted"> (not patched)</span>}
              <span class="muted"> → </span>
              <span class="mono">{object.functions.join(', ') || 'no functions'}</span>
            </li>
          ))}
        </ul>
        {patch.objects.length === 0 && <span class="muted">{unknownText}</span>}
      </td>
    </tr>
  )
}

const loadedBy = ({ loadedBy: who }: Patch): string | undefined =>
  who === null ? undefined : `Loaded by ${who.comm} (${who.pid})`
