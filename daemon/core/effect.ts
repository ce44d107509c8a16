import type { Finding } from '../contract/finding.ts'

/** What an event causes outside of the state. */
export type Effect =
  /** One point of a series; null ends the line, so that a gap is drawn as one. */
  | { kind: 'point'; name: string; time: string; value: number | null }
  | { kind: 'finding-changed'; finding: Finding }
