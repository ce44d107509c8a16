import type { EventDraft } from '../contract/event.ts'
import { hexOf } from './hex.ts'
import type { DecodeContext, RecordDecoders } from './probe-set.ts'
import { calledFrom, callerOf, meetCaller, nameCallers } from './shadow-callers.ts'
import { changesOf, countsOf, findsOf, totalsOf } from './shadow-counters.ts'
import { shadowEvent } from './shadow-event.ts'
import { endWalk, type ShadowChanges } from './shadow-walk.ts'

const sum = (counts: readonly bigint[]): number => counts.reduce((all, one) => all + Number(one), 0)

const changesIn = (allocated: readonly bigint[], freed: readonly bigint[]): ShadowChanges => {
  const of = (cell: number) => Number((allocated[cell] ?? 0n) - (freed[cell] ?? 0n))
  return [of(0), of(1), of(2), of(3)]
}

const tellCounts = (context: DecodeContext, monoNs: string, onlyChanged: boolean): EventDraft[] => {
  const memory = context.shadowCounters
  const { notStreamed } = memory.told
  const counts = countsOf(memory, context.shadowCallers)
  const before = memory.event
  memory.event = JSON.stringify(counts)
  if (onlyChanged && memory.event === before) return []
  return [{ kind: 'shadow-counts', monoNs, counts, notStreamed }]
}

/** Shadow variables: bpf/shadow.bpf.c. */
export const shadowRecords: RecordDecoders = {
  'shadow-call': ({ monoNs, object, id, bytes, caller, what, task: { tid, pid, comm } }, context) => [
    shadowEvent(
      what,
      {
        monoNs: String(monoNs),
        obj: hexOf(object),
        id: hexOf(id),
        tid,
        pid,
        comm,
        ...calledFrom(context.shadowCallers, hexOf(caller)),
      },
      Number(bytes),
    ),
  ],

  'shadow-freed-all': ({ monoNs, id, count, caller, task: { tid, pid, comm } }, context) => [
    {
      kind: 'shadow-freed-all',
      monoNs: String(monoNs),
      id: hexOf(id),
      count: Number(count),
      tid,
      pid,
      comm,
      ...calledFrom(context.shadowCallers, hexOf(caller)),
    },
  ],

  'shadow-user': ({ id, caller }, context) => {
    const address = hexOf(caller)
    meetCaller(context.shadowCallers, hexOf(id), address)
    const symbol = context.symbols.get(address)
    if (symbol) nameCallers(context.shadowCallers, [callerOf(symbol, context.livepatches)])
    return []
  },

  'shadow-count': (record, context) => {
    const memory = context.shadowCounters
    const totals = totalsOf(memory, hexOf(record.id))
    totals.changes = changesIn(record.allocated, record.freed)
    totals.counts = {
      allocated: sum(record.allocated),
      freed: sum(record.freed),
      found: Number(record.found + record.raced),
      duplicates: Number(record.duplicates),
      failures: Number(record.failed),
      missed: Number(record.missed),
    }
    memory.counted += 1
    return []
  },

  'shadow-allocations': ({ id, caller, allocations }, { shadowCounters }) => {
    totalsOf(shadowCounters, hexOf(id)).allocatedBy.set(hexOf(caller), Number(allocations))
    return []
  },

  'shadow-size': ({ id, bytes }, { shadowCounters }) => {
    totalsOf(shadowCounters, hexOf(id)).sizesBytes.add(Number(bytes))
    return []
  },

  'shadow-counted': ({ monoNs, ids, notStreamed, pass }, context) => {
    const memory = context.shadowCounters
    const whole = memory.counted === Number(ids)
    memory.counted = 0
    memory.told = { pass: Number(pass), whole, notStreamed: Number(notStreamed) }
    return tellCounts(context, String(monoNs), false)
  },

  'shadow-found': (record, { shadowCounters: memory }) => {
    const pass = Number(record.pass)
    const id = hexOf(record.id)
    const found = Number(record.found)
    const known = record.known.map(Number)
    const atLeast = record.atLeast.map(Number)
    const unknown = found - sum(record.known) - sum(record.atLeast)
    if (memory.finds.pass !== pass) memory.finds = { pass, ids: new Map() }
    memory.finds.ids.set(id, { found, ages: { id, known, atLeast, unknown } })
    // It may be older than the probes: nothing has been counted of it then.
    totalsOf(memory, id)
    return []
  },

  'shadow-walked': (record, context) => {
    const monoNs = String(record.monoNs)
    const memory = context.shadowCounters
    const pass = Number(record.pass)
    const found = Number(record.found)
    const finds = findsOf(memory, pass, found)
    const { isVoid, tooLong } = record
    const verdict = endWalk(memory.walk, changesOf(memory), {
      pass,
      found: finds && new Map([...finds].map(([id, find]) => [id, find.found])),
      isVoid,
      tooLong,
      isUncounted: !context.shadowAttached,
    })
    const { reference, inVain: restarts } = memory.walk
    const adopted = (complete: boolean): EventDraft => ({
      kind: 'shadow-adopted',
      monoNs,
      restarts,
      complete,
    })
    switch (verdict.outcome) {
      case 'nothing':
        return []
      case 'incomplete':
        return reference === null ? [adopted(false)] : []
      case 'adopted':
      case 'checked': {
        const { drift } = verdict
        const ages = [...(finds?.values() ?? [])].map((find) => find.ages)
        const checked: EventDraft = { kind: 'shadow-checked', monoNs, found, drift, ages }
        const counts = tellCounts(context, monoNs, verdict.outcome === 'checked')
        if (verdict.outcome === 'adopted') return [adopted(true), ...counts, checked]
        // Nothing to check is not worth telling each time.
        return memory.ids.size > 0 ? [...counts, checked] : []
      }
    }
  },
}
