import type { Event } from '../../contract/event.ts'
import type { Finding } from '../../contract/finding.ts'
import type { CoreState } from '../core-state.ts'
import { closeFinding, openFinding } from '../derive.ts'
import type { Effect } from '../effect.ts'
import { bpfBlocksTransition } from './bpf-blocks-transition.ts'
import { callbacksSkipped } from './callbacks-skipped.ts'
import { eventsLost } from './events-lost.ts'
import { loadHung } from './load-hung.ts'
import { loadRefused } from './load-refused.ts'
import { moduleRefused } from './module-refused.ts'
import { oldCodeRunning } from './old-code-running.ts'
import { overheadExceeded } from './overhead-exceeded.ts'
import { patchBypassed } from './patch-bypassed.ts'
import { patchDowngraded } from './patch-downgraded.ts'
import { recordFailing } from './record-failing.ts'
import { replacedModulePinned } from './replaced-module-pinned.ts'
import type { Condition, Rule } from './rule.ts'
import { shadowAllocFailed } from './shadow-alloc-failed.ts'
import { shadowCountDrift } from './shadow-count-drift.ts'
import { shadowDuplicate } from './shadow-duplicate.ts'
import { shadowLeftBehind } from './shadow-left-behind.ts'
import { shadowSizeMismatch } from './shadow-size-mismatch.ts'
import { stateIncompatible } from './state-incompatible.ts'
import { stickyDisabled } from './sticky-disabled.ts'
import { tracerBlind } from './tracer-blind.ts'
import { transitionForced } from './transition-forced.ts'
import { transitionSlow } from './transition-slow.ts'
import { transitionStalled } from './transition-stalled.ts'

const rules: readonly Rule[] = [
  transitionStalled,
  transitionSlow,
  transitionForced,
  oldCodeRunning,
  bpfBlocksTransition,
  shadowLeftBehind,
  shadowDuplicate,
  shadowAllocFailed,
  shadowSizeMismatch,
  shadowCountDrift,
  callbacksSkipped,
  loadRefused,
  loadHung,
  patchBypassed,
  moduleRefused,
  patchDowngraded,
  replacedModulePinned,
  stateIncompatible,
  stickyDisabled,
  tracerBlind,
  eventsLost,
  overheadExceeded,
  recordFailing,
]

/** Opens, updates and closes findings after an event. */
export const applyRules = (state: CoreState, event: Event): [CoreState, Effect[]] => {
  let { findings } = state
  let { findingIds } = state.derived
  const effects: Effect[] = []
  const tell = (finding: Finding): void => void effects.push({ kind: 'finding-changed', finding })
  for (const rule of rules) {
    if (!rule.on.includes(event.kind)) continue
    const open = findingIds.get(rule.name)
    const subjects = new Set<string>()
    for (const [index, { vague, ...condition }] of rule.holds(state).entries()) {
      const { subject } = condition
      subjects.add(subject)
      const known = findings.get(open?.get(subject) ?? '')
      if (known && (vague || sameText(known, condition))) continue
      const finding: Finding = known
        ? { ...known, ...condition, evidence: known.evidence }
        : {
            id: index === 0 ? `${rule.name}-${event.seq}` : `${rule.name}-${event.seq}-${index}`,
            rule: rule.name,
            ...condition,
            openedAt: event.time,
            openedSeq: event.seq,
            closedAt: null,
            ackedBy: null,
          }
      findings = findings.set(finding.id, finding)
      findingIds = openFinding(findingIds, rule.name, subject, finding.id)
      tell(finding)
    }
    for (const [subject, id] of open ?? []) {
      const finding = findings.get(id)
      if (!finding || subjects.has(subject)) continue
      findings = findings.delete(id)
      findingIds = closeFinding(findingIds, rule.name, subject)
      tell({ ...finding, closedAt: event.time })
    }
  }
  if (effects.length === 0) return [state, []]
  return [{ ...state, findings, derived: { ...state.derived, findingIds } }, effects]
}

const sameText = (finding: Finding, condition: Condition): boolean =>
  finding.summary === condition.summary &&
  finding.severity === condition.severity &&
  finding.advice === condition.advice &&
  finding.lost?.join('\n') === condition.lost?.join('\n')
