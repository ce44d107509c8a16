import type { Event } from '../contract/event.ts'
import { reduceBaseline } from './baseline.ts'
import { reduceBlocked } from './blocked.ts'
import type { CoreState } from './core-state.ts'
import type { Effect } from './effect.ts'
import { reduceFunctions } from './functions.ts'
import { reducePatches } from './patches.ts'
import { reducePhases } from './phases.ts'
import { pointsOf } from './points.ts'
import { reduceRecord } from './record.ts'
import { applyRules } from './rules/rules.ts'
import { reduceShadow } from './shadow.ts'
import { reduceSignalRounds } from './signal-rounds.ts'
import { reduceTasks } from './tasks.ts'
import { reduceTracer } from './tracer.ts'
import { endUnseen, isLateStep, reduceTransition } from './transition.ts'
import { reduceTroubles } from './troubles.ts'

/**
 * Folds one event into the state. No clock, no I/O, no randomness: time comes in with the event.
 * Each slice sees the state before the event, and the slices named before it after.
 */
export const reduce = (before: CoreState, event: Event): [CoreState, Effect[]] => {
  let state: CoreState = { ...before, seq: event.seq, time: event.time, monoNs: event.monoNs }
  state = reduceTracer(state, event)
  state = reduceRecord(state, event)
  // A step of an earlier transition says nothing of the one that runs.
  const isLate = isLateStep(state, event)
  if (!isLate) {
    state = endUnseen(state, event)
    state = reducePhases(state, event)
    state = reduceTransition(state, event)
    state = reduceBaseline(state, event, before)
  }
  state = reduceTasks(state, event)
  if (!isLate) {
    state = reduceBlocked(state, event, before)
    state = reduceSignalRounds(state, event, before)
  }
  state = reducePatches(state, event)
  state = reduceTroubles(state, event, before)
  state = reduceFunctions(state, event)
  state = reduceShadow(state, event, before)
  const [ruled, effects] = applyRules(state, event)
  return [ruled, [...pointsOf(before, ruled, event), ...effects]]
}
