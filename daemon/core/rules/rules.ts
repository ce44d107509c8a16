import type { Event } from '../../contract/event.ts'
import type { Finding } from '../../contract/finding.ts'
import type { CoreState } from '../core-state.ts'
import type { Effect } from '../effect.ts'
import { bpfBlocksTransition } from './bpf-blocks-transition.ts'
import { callbacksSkipped } from './callbacks-skipped.ts'
import { eventsLost } from './events-lost.ts'
import { loadRefused } from './load-refused.ts'
import { moduleRefused } from './module-refused.ts'
import { oldCodeRunning } from './old-code-running.ts'
import { overheadExceeded } from './overhead-exceeded.ts'
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
  const concerned = rules.filter((rule) => rule.on.includes(event.kind))
  if (concerned.length === 0) return [state, []]
  const findings = new Map(state.findings)
  const effects: Effect[] = []
  for (const rule of concerned) {
    const conditions = rule.holds(state)
    for (const [index, { vague, ...condition }] of conditions.entries()) {
      const open = openFinding(state, rule, condition.subject)
      if (open && (vague || sameText(open, condition))) continue
      const finding: Finding = open
        ? { ...open, ...condition, evidence: open.evidence }
        : {
            id: index === 0 ? `${rule.name}-${event.seq}` : `${rule.name}-${event.seq}-${index}`,
            rule: rule.name,
            ...condition,
            openedAt: event.time,
            closedAt: null,
            ackedBy: null,
          }
      findings.set(finding.id, finding)
      effects.push({ kind: 'finding-changed', finding })
    }
    const subjects = new Set(conditions.map((condition) => condition.subject))
    for (const finding of state.findings.values()) {
      if (finding.rule !== rule.name || subjects.has(finding.subject)) continue
      findings.delete(finding.id)
      effects.push({ kind: 'finding-changed', finding: { ...finding, closedAt: event.time } })
    }
  }
  return effects.length > 0 ? [{ ...state, findings }, effects] : [state, []]
}

const openFinding = (state: CoreState, rule: Rule, subject: string): Finding | undefined =>
  [...state.findings.values()].find((finding) => finding.rule === rule.name && finding.subject === subject)

const sameText = (finding: Finding, condition: Condition): boolean =>
  finding.summary === condition.summary &&
  finding.severity === condition.severity &&
  finding.advice === condition.advice
