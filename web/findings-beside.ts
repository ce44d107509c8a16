import type { Finding } from '../daemon/contract/finding.ts'
import type { State } from '../daemon/contract/state.ts'

const rank: Record<Finding['severity'], number> = { critical: 0, warning: 1, info: 2 }

/**
 * The open findings that the headline does not tell already, worst first, of one severity the newest first. The
 * headline's own is known by its id: two findings may well say the same.
 */
export function findingsBeside({ findings, headline }: Pick<State, 'findings' | 'headline'>): Finding[] {
  return findings
    .filter((finding) => finding.closedAt === null && finding.id !== headline.finding)
    .sort((a, b) => rank[a.severity] - rank[b.severity] || b.openedAt.localeCompare(a.openedAt))
}
