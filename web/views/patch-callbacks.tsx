import type { Patch, PatchCallback } from '../../daemon/contract/state.ts'
import { unknownText } from '../../daemon/words/format.ts'

const outcomes: Record<PatchCallback['outcome'], string> = {
  'not-called': 'not called yet',
  running: 'running now',
  called: 'called',
  skipped: 'skipped',
}

/** What became of each callback last, per object; how it is known stands in the title. */
export function PatchCallbacks({ callbacks }: { callbacks: Patch['callbacks'] }) {
  if (callbacks === null) return <span class="muted">{unknownText}</span>
  if (callbacks.length === 0) return <span class="muted">none</span>
  return (
    <ul class="objects" data-testid="patch-callbacks">
      {[...new Set(callbacks.map((each) => each.object))].map((object) => (
        <li key={object}>
          <span class="mono strong">{object}</span>
          <span class="muted"> → </span>
          {callbacks
            .filter((each) => each.object === object)
            .map((each, index) => (
              <span key={each.name} title={titleOf(each)} data-outcome={each.outcome}>
                {index > 0 && ', '}
                <span class="mono">{each.name}</span>{' '}
                <span class={each.outcome === 'skipped' ? 'strong' : 'muted'}>{textOf(each)}</span>
              </span>
            ))}
        </li>
      ))}
    </ul>
  )
}

const textOf = (callback: PatchCallback): string =>
  callback.returned === null
    ? outcomes[callback.outcome]
    : `${outcomes[callback.outcome]}, returned ${callback.returned}`

const titleOf = ({ cause, basis }: PatchCallback): string | undefined =>
  cause ?? (basis === 'inferred' ? "Follows from the order of the kernel's own steps" : undefined)
