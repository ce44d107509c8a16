import type { ProbeSet } from '../../contract/event-parts.ts'
import type { Condition, Rule } from './rule.ts'

/** The tracer does not see all it should. */
export const tracerBlind: Rule = {
  name: 'tracer-blind',
  on: ['tracer-attached', 'tracer-started', 'tracer-gap'],
  holds: (state) =>
    state.tracer.probeSets.flatMap((set) => (set.available ? partsLost(set) : [setLost(set)])),
}

const setLost = (set: ProbeSet): Condition => ({
  severity: 'warning',
  subject: set.name,
  summary: `not seen: ${set.name}${set.reason ? ` (${set.reason})` : ''}`,
  advice: set.remedy ?? 'Run klpscope doctor for what this host offers.',
  evidence: [],
})

const partsLost = ({ name: set, lost = [] }: ProbeSet): Condition[] =>
  lost.map(({ name, loss, reason, remedy }) => ({
    severity: 'info',
    subject: `${set}: ${name}`,
    summary: `not seen: ${loss} (${reason})`,
    advice: remedy,
    evidence: [],
  }))
