import type { EventDraft } from '../contract/event.ts'
import { type LogFact, lastFact } from './kernel-log.ts'
import { stories, toldByLog, untoldUntil } from './log-check.ts'
import type { DecodeContext, RunningTransition } from './probe-set.ts'
import { settleSysfs } from './sysfs-transition.ts'
import { madeStep } from './task-list.ts'
import { directionOf } from './transition.ts'
import { newestFacts } from './waiting-refusals.ts'

export type TransitionFact = Extract<
  LogFact,
  { fact: 'transition-started' | 'transition-completed' | 'transition-forced' }
>

/** Between the log's clock and the probes', at most. */
const clockSkewNs = 100_000_000n
const factsKept = 20

/**
 * A transition by the kernel's own words, for hosts where no probe tells. A reversed one starts a second time.
 * Source: kernel/livepatch/transition.c, klp_start_transition, klp_complete_transition, klp_force_transition.
 * @param monoNs when the line was written
 */
export const transitionInLog = (
  context: DecodeContext,
  fact: TransitionFact,
  monoNs: string,
): EventDraft[] => {
  if (context.attached) {
    if (fact.fact === 'transition-completed') toldByLog(context.logCheck, stories.end(fact.patch), monoNs)
    context.loggedTransitions = [...context.loggedTransitions, { fact, monoNs }].slice(-factsKept)
    return []
  }
  madeStep(context, BigInt(monoNs))
  switch (fact.fact) {
    case 'transition-started':
      return started(context, fact, monoNs)
    case 'transition-completed':
      return ended(context, fact, monoNs)
    case 'transition-forced': {
      const running = context.transition
      if (!running) return []
      const direction = directionOf(running.target)
      return [{ kind: 'transition-forced', monoNs, patch: running.patch, direction, basis: 'kernel-log' }]
    }
  }
}

/** Probes have told all until then, and not the end of the transition: the log may have. */
export const endInLog = (context: DecodeContext, untilNs: string): EventDraft[] => {
  const { transition: running, logCheck } = context
  if (!running) return []
  const { patch, target, generation } = running
  const endedNs = untoldUntil(logCheck, untilNs, stories.end(patch), generation)
  if (endedNs === undefined) return []
  return ended(context, { fact: 'transition-completed', patch, direction: directionOf(target) }, endedNs)
}

/** It turns out that the probes have not fired: what the log said behind their last word, and they did not tell. */
export const transitionsMissed = (context: DecodeContext): EventDraft[] => {
  const told = context.taskList.lastStepNs + clockSkewNs
  const missed = context.loggedTransitions.filter(({ monoNs }) => BigInt(monoNs) > told)
  context.loggedTransitions = []
  return missed.flatMap(({ fact, monoNs }) => transitionInLog(context, fact, monoNs))
}

const runningOf = ({ transition }: DecodeContext, patch: string): RunningTransition | null =>
  transition?.patch === patch ? transition : null

const started = (
  context: DecodeContext,
  { patch, direction }: Extract<TransitionFact, { fact: 'transition-started' }>,
  monoNs: string,
): EventDraft[] => {
  const target = direction === 'patching' ? 1 : 0
  const known = runningOf(context, patch)
  if (known && !known.startToCome) {
    context.transition = { ...known, target, toldBy: 'kernel-log' }
    return known.target === target
      ? []
      : [{ kind: 'transition-reversed', monoNs, patch, direction, basis: 'kernel-log' }]
  }
  context.transition = {
    patch,
    target,
    generation: '0',
    toldBy: 'kernel-log',
    startToCome: false,
    reversing: false,
  }
  return [{ kind: 'transition-started', monoNs, patch, direction, adopted: false, basis: 'kernel-log' }]
}

/** A failed load ends as an unpatching that never started (klp_cancel_transition). */
const ended = (
  context: DecodeContext,
  { patch, direction }: Extract<TransitionFact, { fact: 'transition-completed' }>,
  monoNs: string,
): EventDraft[] => {
  const known = runningOf(context, patch)
  const told = { monoNs, patch, basis: 'kernel-log' } as const
  const failed = lastFact(newestFacts(context.lifecycle, monoNs), 'enable-failed')?.patch === patch
  if (known) context.transition = null
  settleSysfs(context, patch, direction === 'patching' ? 1 : 0)
  if (failed && direction === 'unpatching' && known?.target !== 0)
    return [{ kind: 'transition-cancelled', ...told, direction: 'patching' }]
  if (!known) return []
  const end: EventDraft = { kind: 'transition-completed', ...told, direction }
  return directionOf(known.target) === direction
    ? [end]
    : [{ kind: 'transition-reversed', ...told, direction }, end]
}
