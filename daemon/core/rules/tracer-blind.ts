import { causesOf } from '../causes.ts'
import type { Rule } from './rule.ts'

/** The tracer does not see all it should: a finding a cause. */
export const tracerBlind: Rule = {
  name: 'tracer-blind',
  on: ['tracer-attached', 'tracer-started', 'tracer-gap'],
  holds: ({ tracer }) =>
    causesOf(tracer).map(({ severity, subject, text, remedy, lost }) => ({
      severity,
      subject,
      summary: text,
      advice: remedy,
      lost,
      evidence: [],
    })),
}
