import type { Transition } from '../../daemon/contract/state.ts'
import { longestPhase, phaseDuration, phaseNames, phaseSpans } from '../../daemon/words/phases.ts'

/** What took a transition's time: the phases it has come through, the longest one marked. */
export function Phases({ transition }: { transition: Transition }) {
  const spans = phaseSpans(transition)
  if (spans.length === 0) return null
  const longest = longestPhase(spans)
  return (
    <ol class="phases" data-testid="phases" aria-label="Phases of the transition">
      {spans.map((span) => (
        <li key={span.phase} data-phase={span.phase} data-longest={span === longest}>
          <span>{phaseNames[span.phase]}</span>{' '}
          <span class="mono">
            {phaseDuration(span)}
            {span.to === null && ' so far'}
          </span>
        </li>
      ))}
    </ol>
  )
}
