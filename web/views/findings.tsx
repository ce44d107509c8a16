import type { Finding } from '../../daemon/contract/finding.ts'
import type { Headline } from '../../daemon/contract/state.ts'
import { LevelIcon } from './icons.tsx'
import { Section } from './section.tsx'
import { Elapsed, MomentLink } from './time.tsx'

const severityWords: Record<Finding['severity'], string> = {
  info: 'Info',
  warning: 'Warning',
  critical: 'Critical',
}
const rank: Record<Finding['severity'], number> = { critical: 0, warning: 1, info: 2 }

type Props = {
  findings: Finding[]
  /** What the headline says already need not be said twice. */
  headline: Headline
}

/** Open findings, worst first. Without any there is no section: silence is the good news here. */
export function Findings({ findings, headline }: Props) {
  const open = findings
    .filter((finding) => finding.closedAt === null && finding.advice !== headline.advice)
    .sort((a, b) => rank[a.severity] - rank[b.severity] || (a.openedAt < b.openedAt ? 1 : -1))
  if (open.length === 0) return null
  return (
    <Section id="findings" title="Open findings" aside={<span class="count">{open.length}</span>}>
      <ul class="findings">
        {open.map((finding) => (
          <li key={finding.id} class="finding" data-level={finding.severity} data-rule={finding.rule}>
            <span class="finding-level">
              <LevelIcon level={finding.severity} />
              {severityWords[finding.severity]}
            </span>
            <div class="finding-body">
              <h3>{finding.summary}</h3>
              {finding.advice !== '' && <p class="advice">{finding.advice}</p>}
              <p class="muted small">
                {finding.rule} · {finding.subject} · for <Elapsed since={finding.openedAt} />, since{' '}
                <MomentLink time={finding.openedAt} />
                {finding.ackedBy !== null && ` · acknowledged by ${finding.ackedBy}`}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Section>
  )
}
