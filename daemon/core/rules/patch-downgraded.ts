import { compareVersions } from '../compare-versions.ts'
import type { Rule } from './rule.ts'

/** A cumulative patch took over from one with a higher module version. The kernel does not compare them. */
export const patchDowngraded: Rule = {
  name: 'patch-downgraded',
  on: [
    'patch-loading',
    'patch-load-refused',
    'patch-enabled',
    'patch-disabled',
    'patch-replaced',
    'patches-observed',
    'tracer-started',
  ],
  holds: (state) =>
    state.patches
      .filter((patch) => patch.state === 'enabling' || patch.state === 'enabled')
      .flatMap(({ name, version, replaces, state: at }) => {
        const newer = replaces.filter(
          (old) => version !== undefined && old.version !== null && compareVersions(version, old.version) < 0,
        )
        if (newer.length === 0) return []
        const olds = newer.map((old) => `${old.name} ${old.version}`).join(', ')
        return [
          {
            severity: 'warning' as const,
            subject: name,
            summary: `${name} ${version} ${at === 'enabled' ? 'replaced' : 'is replacing'} the newer ${olds}`,
            advice:
              'Fixes of the newer patch are gone. If this was not meant, load the newer patch again; its leftovers (see callbacks-skipped) are not cleaned up.',
            evidence: [],
          },
        ]
      }),
}
