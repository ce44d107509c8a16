import { writeEnabled } from '../../words/livepatch-commands.ts'
import { compareVersions } from '../compare-versions.ts'
import type { Rule } from './rule.ts'

/**
 * A patch that its author declared sticky (klpscope_sticky) was taken out of effect. Reversing its first transition
 * is allowed, and a newer patch may replace it. No kernel enforces this.
 */
export const stickyDisabled: Rule = {
  name: 'sticky-disabled',
  on: [
    'transition-started',
    'transition-reversed',
    'patch-enabled',
    'patch-disabled',
    'patch-replaced',
    'patches-observed',
    'tracer-started',
  ],
  holds: (state) =>
    state.patches.flatMap((patch) => {
      const { name, sticky, wasEnabled, replacedBy, version, state: at } = patch
      if (!sticky || !wasEnabled || at === 'enabled' || at === 'enabling' || at === 'loading') return []
      const by = replacedBy === null ? undefined : state.patches.find((other) => other.name === replacedBy)
      const newer =
        by?.version !== undefined && version !== undefined && compareVersions(by.version, version) > 0
      if (newer) return []
      const disabled = at === 'disabling' ? 'is being disabled' : 'was disabled'
      return [
        {
          severity: 'critical' as const,
          subject: name,
          summary: `${name} is declared sticky, but ${replacedBy === null ? disabled : `was replaced by ${replacedBy}`}`,
          advice:
            at === 'disabling'
              ? `Its author says that going back is not safe. Reverse it: ${writeEnabled(name, true)}`
              : 'Its author says that going back is not safe: load it or a newer version again, or plan a reboot.',
          evidence: [],
        },
      ]
    }),
}
