import type { EventKind } from './event.ts'
import type { Finding } from './finding.ts'
import type { Gap } from './gap.ts'
import type { Transition } from './state.ts'

/** An event's number and time. */
export type Position = { seq: number; time: string }

/** One run of the daemon: which host and which boot of it. */
export type Run = Position & { hostname: string; kernel: string; bootId: string; version: string }

/** What `GET record` tells: whose record this is, and from when to when. */
export type RecordInfo = {
  /** False: nothing is added to it, it is a replay. */
  live: boolean
  /** What is replayed: a file's or a sample's name; null when live. */
  name: string | null
  /** The speed a replay starts with, in seconds of the record per second; null: at its end at once. */
  speed: number | null
  /** Lines of a replayed file that could not be read. */
  malformed: number
  /** Null: it holds no event yet. */
  first: Position | null
  last: Position | null
  /** The last event before the tracer was stopped for good: where a replay opens. */
  observed: Position | null
  /** Oldest first; the newest 1,000. */
  runs: Run[]
  /** There are older runs. */
  truncated: boolean
  /** Recordings that can be opened in place of this record. */
  samples: Sample[]
}

/** A recording that comes with klpscope. */
export type Sample = { name: string; title: string; kernel: string }

/** What `GET timeline` tells of a stretch of the record, each list oldest first, the newest of each. */
export type Timeline = {
  from: string
  to: string
  transitions: Pick<
    Transition,
    'id' | 'patch' | 'direction' | 'outcome' | 'startedAt' | 'startKnown' | 'endedAt' | 'durationMs'
  >[]
  findings: Pick<Finding, 'id' | 'rule' | 'severity' | 'subject' | 'summary' | 'openedAt' | 'closedAt'>[]
  gaps: Gap[]
  /** True: one of the lists had more. */
  truncated: boolean
}

export const stepTargets = ['event', 'finding', 'transition'] as const
export type StepTarget = (typeof stepTargets)[number]
export type StepDirection = 'next' | 'previous'

/** Where `GET timeline/step` leads. */
export type TimelineStep = Position & {
  kind: EventKind | 'finding-opened' | 'finding-closed' | 'transition-started' | 'transition-ended'
  /** One line: a finding's summary, a transition's patch and direction; null for an event. */
  text: string | null
}
