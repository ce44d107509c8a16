import type { State } from '../../daemon/contract/state.ts'
import { findingsBeside } from '../findings-beside.ts'
import { readMoment } from '../moment.ts'

/** Plain anchors; the numbers say where something waits. */
export function Navigation({ state }: { state: State | null }) {
  if (state === null) return null
  const open = findingsBeside(state).length
  const links: [id: string, label: string, note: number | string | null][] = [
    ...(open > 0 ? [['findings', 'Findings', open] as [string, string, number]] : []),
    ['remaining', 'Remaining', state.transition?.remaining ?? null],
    ['blocked', 'Blocked', state.blockedTotal || null],
    ['shadow', 'Shadow', null],
    ['patches', 'Patches', state.patches.length || null],
    ['events', 'Events', null],
    ['health', 'Tracer', state.tracer.status === 'observing' ? null : state.tracer.status],
  ]
  return (
    <nav aria-label="Sections">
      {links.map(([id, label, note]) => (
        <a key={id} href={`#${id}`} onClick={(event) => keepMoment(event, id)}>
          {label}
          {note !== null && <span class="nav-note"> {note}</span>}
        </a>
      ))}
    </nav>
  )
}

/** The address names the moment while the page shows the past: then it has no room for a section. */
function keepMoment(event: Event, id: string): void {
  if (readMoment(location.hash) === null) return
  event.preventDefault()
  document.getElementById(id)?.scrollIntoView()
}
