import type { EventDraft } from '../contract/event.ts'
import { probePart } from '../contract/tracer-part.ts'
import { recordKind } from '../raw/enums.ts'
import { linksOf } from './blame.ts'
import { endCallLook, forgetTracedCalls } from './call-records.ts'
import { mapClock } from './clock.ts'
import { nameInventory } from './inventory.ts'
import { freshInventory } from './inventory-memory.ts'
import { forgetLifecycle } from './lifecycle-memory.ts'
import { checkLog, lagNs, tellDoubts } from './log-check.ts'
import { endInLog, transitionsMissed } from './log-transitions.ts'
import type { DecodeContext, RecordDecoders } from './probe-set.ts'
import { callerOf, freshShadowCallers, isCaller, nameCallers } from './shadow-callers.ts'
import { forgetShadowCounters, restartShadowCounters } from './shadow-counters.ts'
import { blameAnew, freshStacks, tellStacks } from './stacks.ts'
import { symbolOf } from './symbols.ts'
import { freshTaskCounts } from './task-counts.ts'

/**
 * What probes that do not fire were in the middle of is not told to its end; what they counted is void.
 * @returns what the kernel log alone told before this was known
 */
const loseSight = (context: DecodeContext): EventDraft[] => {
  const wasAttached = context.attached
  context.attached = false
  context.asking = null
  context.tasksAttached = false
  context.signalsAttached = false
  forgetLifecycle(context.lifecycle)
  context.taskCounts = freshTaskCounts()
  context.taskList.threads = []
  context.taskList.waitedFor = []
  context.inventory = freshInventory()
  restartShadowCounters(context)
  forgetTracedCalls(context)
  context.shadowCallers = freshShadowCallers()
  if (context.transition) context.transition.generation = '0'
  return [...tellDoubts(context.logCheck), ...(wasAttached ? transitionsMissed(context) : [])]
}

/** The kernel-side counts die with their tracer. @returns see loseSight */
export const forgetTracer = (context: DecodeContext): EventDraft[] => {
  const missed = loseSight(context)
  forgetShadowCounters(context)
  context.lost.clear()
  context.symbols.clear()
  context.stacks = freshStacks()
  context.linkRows = []
  context.sites = []
  return missed
}

/** What the tracer tells of itself. */
export const tracerRecords = {
  gap: ({ monoNs, fromNs, over, reason }, context): EventDraft[] => {
    const missed = over ? [] : forgetTracer(context)
    const toMonoNs = String(monoNs)
    return [
      {
        kind: 'tracer-gap',
        monoNs: toMonoNs,
        source: 'tracer',
        fromMonoNs: String(fromNs),
        toMonoNs,
        reason,
      },
      ...missed,
    ]
  },

  // The tracer goes on: of its account nothing is void.
  blindness: ({ monoNs, fromNs, function: name, reason }, context): EventDraft[] => {
    const missed = loseSight(context)
    const toMonoNs = String(monoNs)
    return [
      {
        kind: 'tracer-gap',
        monoNs: toMonoNs,
        source: name === '' ? 'tracer' : probePart(name),
        fromMonoNs: String(fromNs),
        toMonoNs,
        reason,
      },
      ...missed,
    ]
  },

  clock: ({ monoNs, wallNs, bootNs }, context): EventDraft[] =>
    mapClock(context, { monoNs: String(monoNs), wallNs: String(wallNs), bootNs: String(bootNs) }),

  canary: (record, context): EventDraft[] => {
    const untilNs = String(record.monoNs - lagNs)
    return [...endInLog(context, untilNs), ...checkLog(context.logCheck, String(record.monoNs))]
  },

  busy: () => [],

  symbol: (record, context): EventDraft[] => {
    const symbol = symbolOf(record)
    const { address } = symbol
    const monoNs = String(record.monoNs)
    context.symbols.set(address, symbol)
    if (isCaller(context.shadowCallers, address))
      nameCallers(context.shadowCallers, [callerOf(symbol, context.livepatches)])
    return [...nameInventory(context, symbol, monoNs), ...tellStacks(context, monoNs)]
  },

  'tracing-link': (row, { linkRows }) => {
    linkRows.push(row)
    return []
  },

  'tracing-links-end': ({ monoNs }, context): EventDraft[] => {
    context.links = linksOf(context.linkRows)
    context.linkRows = []
    return blameAnew(context, String(monoNs))
  },

  account: ({ monoNs, ofKind, unreserved, unwritten }, context): EventDraft[] => {
    const lost = unreserved + unwritten
    const before = context.lost.get(ofKind) ?? 0n
    context.lost.set(ofKind, lost)
    // Less than before: another worker, which counts anew.
    const count = lost < before ? lost : lost - before
    const calls = endCallLook(context, monoNs)
    if (count === 0n) return calls
    // The start of a transition is among them.
    if (startKinds.includes(ofKind)) context.asking = null
    return [...calls, { kind: 'events-lost', monoNs: String(monoNs), source: 'tracer', count: Number(count) }]
  },
} satisfies RecordDecoders

const startKinds: readonly number[] = [recordKind['transition-asked'], recordKind['transition-started']]
