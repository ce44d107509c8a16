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
        summary: `${count(record.lost)} not recorded since the daemon started: the record could not be written, or not fast enough`,
        advice: 'The state shown is right all the same; the past of that time cannot be looked at.',
        evidence: [],
      })
    }
    return conditions
  },
}
