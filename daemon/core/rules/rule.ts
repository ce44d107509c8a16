import type { EventKind } from '../../contract/event.ts'
import type { Finding, RuleName } from '../../contract/finding.ts'
import type { CoreState } from '../core-state.ts'

/** A condition that holds for a subject now. */
export type Condition = Pick<Finding, 'severity' | 'subject' | 'summary' | 'advice' | 'evidence' | 'lost'> & {
  /** Its text tells less than one before may have: an open finding keeps what it said. */
  vague?: boolean
}

/** One rule: the conditions that hold in a state. A finding opens and closes as they come and go. */
export type Rule = {
  name: RuleName
  /** Kinds of events after which it is worth asking again. */
  on: readonly EventKind[]
  holds: (state: CoreState) => Condition[]
}
