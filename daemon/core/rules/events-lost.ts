import type { Condition, Rule } from './rule.ts'

const count = (events: number): string => `${events} event${events === 1 ? '' : 's'}`

/** Records were dropped between kernel and daemon, or there was no room for them: the record is incomplete, and says so. */
export const eventsLost: Rule = {
  name: 'events-lost',
  on: ['events-lost', 'tracer-started'],
  holds: ({ tracer, record }) => {
    const conditions: Condition[] = []
    if (tracer.eventsLost > 0) {
      conditions.push({
        severity: 'warning',
        subject: 'tracer',
        summary: `${count(tracer.eventsLost)} lost between kernel and daemon since it started`,
        advice:
          'Counts made in the kernel stay exact; single events of that moment are missing from the record.',
        evidence: [],
      })
    }
    if (record.lost > 0) {
      conditions.push({
        severity: 'warning',
        subject: 'record',
        summary: `${count(record.lost)} missing in the record: it could not be written, or not fast enough, or klpscope ended before it was`,
        advice:
          'What is shown now is still correct; of the past, these events cannot be looked at. GET /api/v1/health says where they were lost.',
        evidence: [],
      })
    }
    return conditions
  },
}
