import { functionKey, functionLabel } from '../../daemon/contract/function-identity.ts'
import type {
  CallCounts,
  Counting,
  Functions,
  Implementation,
  PatchedFunction,
} from '../../daemon/contract/functions.ts'
import type { Tracer } from '../../daemon/contract/state.ts'
import { formatCount, formatRate, unknownText } from '../../daemon/words/format.ts'
import { Empty, Section } from './section.tsx'
import { type Column, NumberCell, StackingTable } from './stacking-table.tsx'

const columns: Column[] = [
  'Function',
  'Runs now',
  'Implementations, newest first',
  { number: 'Entered/s' },
  { number: 'Redirected/s' },
  { number: 'Old code/s' },
  { number: 'Entered in all' },
  'Counting',
]

type Props = { functions: Functions; tracerStatus: Tracer['status'] }

const sourceWords: Record<Functions['source'], string> = {
  kernel: 'As the kernel’s own structures have it.',
  sysfs: 'Names from sysfs only: what runs is not known.',
}

/** What runs when a patched function is called, and how often that happens. */
export function PatchedFunctions({ functions, tracerStatus }: Props) {
  const { source, items } = functions
  return (
    <Section
      id="functions"
      title="Patched functions"
      testId="functions"
      aside={<span class="muted small">{sourceWords[source] ?? source}</span>}
    >
      {items.length === 0 ? (
        <Empty>
          {source === 'sysfs' && tracerStatus === 'starting'
            ? 'Not known yet which functions are patched.'
            : 'No function is patched.'}
        </Empty>
      ) : (
        <StackingTable columns={columns} testId="functions-table">
          {items.map((one) => (
            <FunctionRow key={functionKey(one)} one={one} />
          ))}
        </StackingTable>
      )}
    </Section>
  )
}

function FunctionRow({ one }: { one: PatchedFunction }) {
  const { calls, counting } = one
  // A count that began and found nothing is zero; one that never began is not known.
  const rate = (perS: 'enteredPerS' | 'redirectedPerS' | 'oldPerS') => {
    if (calls === null) return counting.status === 'on' ? '0' : unknownText
    const value = calls[perS]
    return value === null ? unknownText : formatRate(value)
  }
  return (
    <tr data-testid="function-row" data-function={one.function}>
      <th scope="row">
        <span class="mono" title={namesakeText(one)}>
          {functionLabel(one)}
        </span>
        <span class="muted small"> {one.object}</span>
        {one.ftraceSite === false && one.stack !== null && one.stack.length > 0 && (
          <span class="warned small"> no ftrace site</span>
        )}
      </th>
      <td data-label="Runs now" class="wide">
        <RunsNow one={one} />
      </td>
      <td data-label="Implementations" class="wide">
        {one.stack === null ? (
          <span class="muted">{unknownText}</span>
        ) : (
          <ol class="objects">
            {one.stack.map((each) => (
              <li key={each.patch}>
                <span class="mono">{each.patch}</span>
                <span class="muted"> → </span>
                <span class="mono">{implementationText(each)}</span>
              </li>
            ))}
            {one.stack.length === 0 && <li class="muted">none, the original only</li>}
          </ol>
        )}
      </td>
      <NumberCell label="Entered/s">{rate('enteredPerS')}</NumberCell>
      <NumberCell label="Redirected/s">{rate('redirectedPerS')}</NumberCell>
      <NumberCell label="Old code/s">{rate('oldPerS')}</NumberCell>
      <NumberCell label="Entered in all" title={totalsText(calls)}>
        {calls === null && counting.status === 'on' ? '0' : formatCount(calls?.entered ?? null)}
      </NumberCell>
      <td data-label="Counting">
        <CountingState counting={counting} />
      </td>
    </tr>
  )
}

const namesakeText = ({ sympos, object }: PatchedFunction): string | undefined =>
  sympos > 1 ? `The function number ${sympos} of this name in ${object} (sympos ${sympos})` : undefined

function RunsNow({ one }: { one: PatchedFunction }) {
  if (one.inEffect === null)
    return <span class="muted">{one.loaded === false ? 'module not loaded' : unknownText}</span>
  if (one.inEffectUnpatched === null) return <span class="mono">{implementationText(one.inEffect)}</span>
  return (
    <span data-testid="function-split">
      <span class="mono">{implementationText(one.inEffect)}</span>
      <span class="muted"> in patched tasks, </span>
      <span class="mono">{implementationText(one.inEffectUnpatched)}</span>
      <span class="muted"> in unpatched ones</span>
    </span>
  )
}

const countingWords: Record<Counting['status'], string> = {
  starting: 'starting',
  on: 'on',
  off: 'off',
  unavailable: 'unavailable',
}

function CountingState({ counting }: { counting: Counting }) {
  return (
    <span data-counting={counting.status}>
      {countingWords[counting.status] ?? counting.status}
      {counting.reason !== null && <span class="muted small">: {counting.reason}</span>}
    </span>
  )
}

function implementationText(one: Implementation): string {
  if (one.nop) return `${one.symbol ?? 'the original'} (no-op: the original)`
  if (one.patch === null) return `${one.symbol ?? unknownText} (the original)`
  return one.symbol ?? 'a replacement without a name'
}

function totalsText(calls: CallCounts | null): string {
  if (calls === null) return 'No call was counted'
  return `${formatCount(calls.redirected)} redirected, ${formatCount(calls.old)} ran old code, ${formatCount(calls.unattributed)} not known which`
}
