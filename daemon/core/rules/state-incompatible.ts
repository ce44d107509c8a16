import { refusalSeverity } from './refusal-severity.ts'
import type { Rule } from './rule.ts'

/** A livepatch whose klp_states are older than, or missing against, those of the patches in place. */
export const stateIncompatible: Rule = {
  name: 'state-incompatible',
  on: ['patch-load-refused', 'patch-enabled', 'tasks-observed', 'tracer-started'],
  holds: (state) =>
    state.troubles.flatMap((trouble) =>
      trouble.kind === 'patch-load-refused' && trouble.reason === 'state-incompatible'
        ? [
            {
              severity: refusalSeverity(trouble, state),
              subject: trouble.patch,
              summary: `${trouble.patch} was refused: ${trouble.cause}`,
              advice: trouble.remedy ?? 'Load a patch whose states are as new.',
              evidence: [trouble.seq],
            },
          ]
        : [],
    ),
}
