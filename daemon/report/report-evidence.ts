import type { Event, EventKind } from '../contract/event.ts'
import type { Finding } from '../contract/finding.ts'
import type { Series, Transition } from '../contract/state.ts'
import type { CoreState } from '../core/core-state.ts'
import { patchLifeKinds } from './patch-life-kinds.ts'

/** All that a report is made of; readEvidence gathers it from a record. */
export type ReportEvidence = {
  transition: Transition
  /** The state before its patch began to load, or before its first event. */
  before: CoreState
  /** The state once its end had settled; of a running transition, the newest. */
  after: CoreState
  /** Its own events, oldest first; read once. */
  own: Iterable<Event>
  /** Events without a transition's id that happened during it and at its edges, oldest first. */
  around: readonly Event[]
  /** Those that were open at some moment of it. */
  findings: readonly Finding[]
  /** `remaining-tasks` over its time. */
  remaining: Series
  /** Durations in ms of completed transitions that began before it, of known start, neither reversed nor forced. */
  pastDurationsMs: readonly number[]
}

/** Kinds that carry no transition's id and yet belong into the account of one. */
export const aroundKinds: readonly EventKind[] = [
  'tracer-started',
  'tracer-attached',
  'tracer-stopped',
  'tracer-gap',
  'events-lost',
  'decode-failed',
  'clock-mapped',
  ...patchLifeKinds,
  'callbacks-registered',
  'callback-called',
  'callback-skipped',
  'state-registered',
  'shadow-freed-all',
]
