/** Why the tracer does not see all it should: one item for whatever is lost by it. */
export type Cause = {
  /** `tracer` where it takes all probes; otherwise the set, or the part of one, or all of them. */
  subject: string
  severity: 'info' | 'warning'
  /** One line: what is the matter. */
  text: string
  since: string
  remedy: string
  /** What is not seen. */
  lost: string[]
}
