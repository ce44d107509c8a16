import type { Finding } from '../../daemon/contract/finding.ts'
import { LevelIcon } from './icons.tsx'
import { LostList } from './lost-list.tsx'
import { Section } from './section.tsx'
import { Elapsed, MomentLink } from './time.tsx'

const severityWords: Record<Finding['severity'], string> = {
  info: 'Info',
  warning: 'Warning',
  critical: 'Critical',
}
type Props = {
  /** As findingsBeside gives them: open, worst first. */
  findings: Finding[]
  /** The headline tells one more. */
  more: boolean
}

/** Without any open finding there is no section: silence is the good news here. */
export function Findings({ findings, more }: Props) {
  if (findings.length === 0) return null
  const title = more ? 'More open findings' : 'Open findings'
  return (
    <Section id="findings" title={title} aside={<span class="count">{findings.length}</span>}>
      <ul class="findings">
        {findings.map((finding) => (
          <li key={finding.id} class="finding" data-level={finding.severity} data-rule={finding.rule}>
            <span class="finding-level">
              <LevelIcon level={finding.severity} />
              {severityWords[finding.severity]}
            </span>
            <div class="finding-body">
              <h3>{finding.summary}</h3>
              {finding.advice !== '' && <p class="advice">{finding.advice}</p>}
              {finding.lost !== undefined && <LostList lost={finding.lost} />}
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
