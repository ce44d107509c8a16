import type { Rule } from './rule.ts'

/** Records were dropped between kernel and daemon: the record is incomplete, and says so. */
export const eventsLost: Rule = {
  name: 'events-lost',
  on: ['events-lost', 'tracer-started'],
  holds: ({ tracer }) =>
    tracer.eventsLost === 0
      ? []
      : [
          {
            severity: 'warning',
            subject: 'tracer',
            summary: `${tracer.eventsLost} event${tracer.eventsLost === 1 ? '' : 's'} lost between kernel and daemon since it started`,
            advice:
              'Counts made in the kernel stay exact; single events of that moment are missing from the record.',
            evidence: [],
          },
        ],
}
