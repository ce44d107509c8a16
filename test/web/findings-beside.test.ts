import { expect, it } from 'vitest'
import type { Finding } from '../../daemon/contract/finding.ts'
import { findingsBeside } from '../../web/findings-beside.ts'
import { aState } from './a-state.ts'

const aFinding = (id: string, own: Partial<Finding> = {}): Finding => ({
  id,
  rule: 'tracer-blind',
  severity: 'warning',
  subject: id,
  summary: 'not seen: it',
  evidence: [],
  advice: 'Install it.',
  openedAt: '2026-03-07T12:00:00Z',
  closedAt: null,
  ackedBy: null,
  ...own,
})

it('of findings that say the same only the one that the headline tells is left out', () => {
  const findings = [aFinding('a'), aFinding('b'), aFinding('c')]
  const headline = { ...aState.headline, text: 'not seen: it', advice: 'Install it.', finding: 'b' }
  expect(findingsBeside({ findings, headline }).map(({ id }) => id)).toEqual(['a', 'c'])
})

it('a headline that tells no finding hides none, whatever it advises', () => {
  const headline = { ...aState.headline, advice: 'Install it.' }
  expect(findingsBeside({ findings: [aFinding('a')], headline })).toHaveLength(1)
})

it('the worst comes first, closed ones not at all', () => {
  const findings = [
    aFinding('info', { severity: 'info' }),
    aFinding('closed', { severity: 'critical', closedAt: '2026-03-07T12:00:01Z' }),
    aFinding('critical', { severity: 'critical' }),
  ]
  expect(findingsBeside({ findings, headline: aState.headline }).map(({ id }) => id)).toEqual([
    'critical',
    'info',
  ])
})
