import { refusalSeverity } from './refusal-severity.ts'
import type { Rule } from './rule.ts'

/** A module cannot be loaded because a livepatch in place cannot be applied to it. */
export const moduleRefused: Rule = {
  name: 'module-refused',
  on: [
    'module-refused',
    'object-patched',
    'patch-disabled',
    'patch-replaced',
    'tasks-observed',
    'tracer-started',
  ],
  holds: (state) =>
    state.troubles.flatMap((trouble) =>
      trouble.kind === 'module-refused'
        ? [
            {
              severity: refusalSeverity(trouble, state),
              subject: trouble.object,
              summary: `module ${trouble.object} could not be loaded: ${trouble.cause}`,
              advice:
                `${trouble.remedy ?? ''} Without that, ${trouble.object} loads only after ${trouble.patch ?? 'the patch'} is disabled.`.trim(),
              evidence: [trouble.seq],
            },
          ]
        : [],
    ),
}
