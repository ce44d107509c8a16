import { refusalSeverity } from './refusal-severity.ts'
import type { Rule } from './rule.ts'

/** The kernel refused a livepatch; incompatible states are state-incompatible's. */
export const loadRefused: Rule = {
  name: 'load-refused',
  on: ['patch-load-refused', 'patch-enabled', 'tasks-observed', 'tracer-started'],
  holds: (state) =>
    state.troubles.flatMap((trouble) =>
      trouble.kind === 'patch-load-refused' && trouble.reason !== 'state-incompatible'
        ? [
            {
              severity: refusalSeverity(trouble, state),
              subject: trouble.patch,
              summary: `${trouble.patch} was refused: ${trouble.cause}`,
              advice: trouble.remedy ?? 'Look at the kernel log around this moment.',
              evidence: [trouble.seq],
            },
          ]
        : [],
    ),
}
