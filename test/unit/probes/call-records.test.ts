import { describe, expect, it } from 'vitest'
import type { EventDraft } from '../../../daemon/contract/event.ts'
import { callRecords, endCallLook, forgetTracedCalls } from '../../../daemon/probes/call-records.ts'
import { letGoOfPatch } from '../../../daemon/probes/function-calls.ts'
import { type DecodeContext, freshContext } from '../../../daemon/probes/probe-set.ts'
import { followInventory } from '../../../daemon/probes/traced-functions.ts'
import type { TracerRecord } from '../../../daemon/raw/records.ts'
import { aPatch, inventoriesIn } from '../support/inventories.ts'
import { decodeWith, recordsOf, tracerRecords } from '../support/tracer-records.ts'

const secondNs = 1_000_000_000
const at = (seconds: number) => BigInt(Math.round(seconds * secondNs))

const points = { original: 0x10n, first: 0x110n, second: 0x120n }
const { original, first, second } = points

/** The tracer, as its records of calls and an inventory of patches make it. */
const aTracer = () => {
  const context: DecodeContext = freshContext()
  const take = (record: TracerRecord) => decodeWith(callRecords, record, context)
  const counting = (seconds: number, address: bigint, error = 0, counts = error === 0) =>
    take({
      record: 'function-counting',
      cpu: 0,
      monoNs: at(seconds),
      address,
      role: address < 0x100n ? 0 : 1,
      error,
      counting: counts,
      budgetPerS: 200,
    })
  return {
    context,
    counting,
    /** A walk that shows patches of one function, each with its replacement's address. */
    inventory: (seconds: number, patches: Parameters<typeof aPatch>[]) => {
      const inventory = {
        monoNs: String(at(seconds)),
        patches: patches.map((one) => aPatch(...one)),
        searched: new Map(),
      }
      context.inventory.current = inventory
      followInventory(context.functionCalls, inventory)
    },
    /** A look at all counts: those that changed, then the end of it. */
    look: (seconds: number, counts: Partial<Record<keyof typeof points, number>> = {}): EventDraft[] => [
      ...Object.entries(counts).flatMap(([point, calls], index) =>
        take({
          record: 'function-calls',
          cpu: 0,
          monoNs: at(seconds) + BigInt(index),
          address: points[point as keyof typeof points],
          calls: BigInt(calls),
          role: point === 'original' ? 0 : 1,
        }),
      ),
      ...endCallLook(context, at(seconds) + 1_000_000n),
    ],
    end: (seconds: number) => endCallLook(context, at(seconds)),
  }
}

/** Of a function with one patch, from second 10 on. */
const counted = () => {
  const tracer = aTracer()
  tracer.inventory(8, [['p', first]])
  tracer.counting(10, original)
  tracer.counting(10, first)
  tracer.look(10.5)
  return tracer
}
const told = (events: EventDraft[]) =>
  events.flatMap((event) =>
    event.kind === 'function-calls'
      ? [[event.second, ...event.calls.map((call) => [call.entered, call.redirected, call.old])]]
      : [],
  )
const statuses = (events: EventDraft[]) =>
  events.flatMap((event) =>
    event.kind === 'function-counting-changed' ? [event.functions.map(({ status }) => status)] : [],
  )

describe('the records of a real run', () => {
  const records = tracerRecords()
  const context = freshContext()
  const inventories = inventoriesIn(recordsOf(records, 'inventory-end'), records)
  const events = records.flatMap((record) => {
    if (record.record === 'account') return endCallLook(context, record.monoNs)
    if (record.record === 'transition-started' && record.target === 1)
      context.functionCalls.unseenSinceNs = String(record.monoNs)
    const inventory = inventories.get(record)
    if (!inventory) return decodeWith(callRecords, record, context)
    context.inventory.current = inventory
    followInventory(context.functionCalls, inventory)
    const { unseenSinceNs } = context.functionCalls
    if (unseenSinceNs !== null && BigInt(inventory.monoNs) > BigInt(unseenSinceNs))
      context.functionCalls.unseenSinceNs = null
    return []
  })
  const calls = events.flatMap((event) => (event.kind === 'function-calls' ? event.calls : []))

  it('give the calls that the script made, all of them redirected', () => {
    const shows = calls.filter((one) => one.function === 'klpt_proc_show')
    const sum = (of: 'entered' | 'redirected') => shows.reduce((all, one) => all + one[of], 0)
    expect([sum('entered'), sum('redirected')]).toEqual([20, 20])
    expect(shows.every(({ old }) => old === 0)).toBe(true)
  })

  it('end with zeros, tell no second twice, and come to the same list of functions as the inventory', () => {
    const seconds = events.flatMap((event) => (event.kind === 'function-calls' ? [event.second] : []))
    expect(seconds).toEqual([...new Set(seconds)].sort((a, b) => a - b))
    expect(calls.at(-1)).toMatchObject({ entered: 0, redirected: 0, old: 0 })
    const counting = events.filter((event) => event.kind === 'function-counting-changed')
    expect(counting.at(-1)?.functions.map((one) => [one.function, one.status])).toEqual([
      ['klpt_proc_show', 'on'],
      ['klpt_object_create', 'on'],
      ['klpt_object_free', 'on'],
    ])
  })
})

describe('calls of a function', () => {
  it('are what is new at each look, with zeros after the last', () => {
    const tracer = counted()
    expect(told(tracer.look(11.5, { original: 5, first: 3 }))).toEqual([[11, [5, 3, 2]]])
    expect(told(tracer.look(12.5, { original: 9, first: 7 }))).toEqual([[12, [4, 4, 0]]])
    expect(told(tracer.look(13.5))).toEqual([[13, [0, 0, 0]]])
    expect(tracer.look(14.5)).toEqual([])
  })

  it('are of one look, though a second begins in the middle of it', () => {
    const tracer = counted()
    expect(told(tracer.look(12 - 1e-9, { original: 5, first: 5 }))).toEqual([[11, [5, 5, 0]]])
  })

  it('are told by the next look when the end of theirs is missing', () => {
    const { context } = counted()
    const calls = (seconds: number, address: bigint, count: bigint) =>
      decodeWith(
        callRecords,
        { record: 'function-calls', cpu: 0, monoNs: at(seconds), address, calls: count, role: 0 },
        context,
      )
    expect(calls(11.5, original, 4n)).toEqual([])
    expect(told(calls(12.5, original, 5n))).toEqual([[11, [4, 0, 4]]])
  })

  it('in flight over a look are old for it, and not twice', () => {
    const tracer = counted()
    tracer.look(11.5, { original: 2, first: 1 })
    expect(told(tracer.look(12.5, { original: 3, first: 3 }))).toEqual([[12, [1, 2, 0]]])
  })

  it('are not told of the time before everything was counted', () => {
    const tracer = aTracer()
    tracer.inventory(8, [['p', first]])
    tracer.counting(10, first)
    tracer.counting(10.2, original)
    expect(told(tracer.look(10.5, { original: 2, first: 5 }))).toEqual([])
    expect(told(tracer.look(11.5, { original: 3, first: 6 }))).toEqual([[11, [1, 1, 0]]])
  })

  it('of a replacement that is not counted yet are not called old', () => {
    const tracer = counted()
    tracer.context.functionCalls.unseenSinceNs = String(at(11.2))
    expect(told(tracer.look(11.5, { original: 4, first: 1 }))).toEqual([[11, [4, 1, null]]])
    tracer.context.functionCalls.unseenSinceNs = null
    tracer.inventory(11.8, [
      ['p', first],
      ['q', second],
    ])
    expect(told(tracer.look(12.5, { original: 6 }))).toEqual([[12, [2, 0, null]]])
    tracer.counting(13, second)
    expect(told(tracer.look(13.5, { original: 8, second: 1 }))).toEqual([[13, [2, 1, null]]])
    expect(told(tracer.look(14.5, { original: 9, second: 2 }))).toEqual([[14, [1, 1, 0]]])
  })

  it('of a replacement that another took the place of count until the look after', () => {
    const tracer = counted()
    tracer.inventory(11.1, [
      ['p', first],
      ['q', second],
    ])
    tracer.counting(11.2, second)
    tracer.look(11.5)
    tracer.inventory(12.9, [['q', second]])
    expect(told(tracer.look(13, { original: 9, first: 4, second: 5 }))).toEqual([[13, [9, 9, 0]]])
  })
})

describe('of a function whose patch is gone', () => {
  it('calls are told up to the look after it went, and of that one not as old code', () => {
    const tracer = counted()
    letGoOfPatch(tracer.context, 'p', String(at(11.2)))
    expect(told(tracer.look(11.5, { original: 6, first: 2 }))).toEqual([[11, [6, 2, null]]])
    expect(tracer.look(12.5, { original: 9 })).toEqual([])
  })

  it('calls are told up to the same look when a walk alone shows that it went', () => {
    const tracer = counted()
    tracer.inventory(11.2, [])
    expect(told(tracer.look(11.5, { original: 6, first: 2 }))).toEqual([[11, [6, 2, null]]])
    expect(told(tracer.look(12.5, { original: 9 }))).toEqual([])
  })

  it('while another patch still has it, it is counted on', () => {
    const tracer = counted()
    letGoOfPatch(tracer.context, 'another', String(at(11.2)))
    expect(told(tracer.look(11.5, { original: 7, first: 7 }))).toEqual([[11, [7, 7, 0]]])
    const both: Parameters<typeof tracer.inventory>[1] = [
      ['p', first],
      ['q', second],
    ]
    tracer.inventory(11.6, both)
    tracer.counting(11.7, second)
    tracer.look(12.5)
    letGoOfPatch(tracer.context, 'p', String(at(13)))
    expect(told(tracer.look(13.5, { original: 9, second: 2 }))).toEqual([[13, [2, 2, 0]]])
  })

  it('the next patch has only its own calls', () => {
    const tracer = counted()
    letGoOfPatch(tracer.context, 'p', String(at(11.2)))
    tracer.look(11.5)
    tracer.inventory(12, [['q', second]])
    expect(told(tracer.look(12.5, { original: 7 }))).toEqual([])
    tracer.counting(13, second)
    expect(told(tracer.look(13.5, { original: 8 }))).toEqual([])
    expect(told(tracer.look(14.5, { original: 11, second: 3 }))).toEqual([[14, [3, 3, 0]]])
  })
})

describe('which functions are counted', () => {
  it('is told when it changes, of all at once: not before all of one is', () => {
    const tracer = aTracer()
    tracer.inventory(8, [['p', first]])
    expect(tracer.counting(10, original)).toEqual([])
    expect(statuses(tracer.end(10.1))).toEqual([['starting']])
    expect(tracer.counting(10.2, first)).toEqual([])
    expect(statuses(tracer.end(10.3))).toEqual([['on']])
    expect(tracer.look(11.5)).toEqual([])
    tracer.inventory(12, [
      ['p', first],
      ['q', second],
    ])
    expect(statuses(tracer.end(12.5))).toEqual([['starting']])
    tracer.inventory(13, [])
    expect(statuses(tracer.end(13.5))).toEqual([[]])
  })

  it('leaves out what is called too often, and says how often it was', () => {
    const tracer = counted()
    tracer.look(11.5)
    const { context } = tracer
    const calls = { record: 'function-calls', cpu: 0, monoNs: at(12.5), role: 0 } as const
    decodeWith(callRecords, { ...calls, address: original, calls: 500n }, context)
    tracer.counting(12.5, original, -16)
    expect(decodeWith(callRecords, { ...calls, address: first, calls: 499n }, context)).toMatchObject([
      {
        functions: [
          { status: 'off', reason: expect.stringMatching(/^called 50\d times a second, more than 200$/) },
        ],
      },
    ])
    expect(told(tracer.end(12.6))).toEqual([[12, [500, 499, 1]]])
    expect(told(tracer.look(13.5, { first: 900 }))).toEqual([[13, [0, 0, 0]]])
    expect(tracer.look(14.5, { first: 950 })).toEqual([])
  })

  it('leaves out what cannot be probed, and says so', () => {
    const tracer = aTracer()
    tracer.inventory(8, [['p', first]])
    tracer.counting(10, original, -22)
    expect(tracer.end(10.1)).toMatchObject([
      {
        functions: [
          { status: 'unavailable', reason: expect.stringMatching(/no probe on the function .*22/) },
        ],
      },
    ])
  })

  it('says of what the tracer has no room for that there are too many, once, though each walk tells of it', () => {
    const tracer = aTracer()
    tracer.inventory(8, [['p', first]])
    tracer.counting(10, original)
    tracer.counting(10, first, -28)
    expect(tracer.end(10.1)).toMatchObject([
      {
        functions: [
          { status: 'unavailable', reason: expect.stringMatching(/^more functions are patched than/) },
        ],
      },
    ])
    tracer.counting(12, first, -28)
    expect(tracer.end(12.1)).toEqual([])
    tracer.counting(14, first)
    expect(statuses(tracer.end(14.1))).toEqual([['on']])
  })

  it('leaves out a function whose sums cannot be, until its patch is gone', () => {
    const tracer = counted()
    expect(told(tracer.look(11.5, { original: 2, first: 3 }))).toEqual([[11, [2, 3, 0]]])
    expect(tracer.look(12.5)).toMatchObject([
      {
        functions: [{ status: 'unavailable', reason: expect.stringMatching(/^not exact: 2 calls .* 3 to/) }],
      },
    ])
    expect(tracer.look(13.5, { original: 9, first: 4 })).toEqual([])
    tracer.counting(13.6, first)
    expect(statuses(tracer.end(13.7))).toEqual([])
    letGoOfPatch(tracer.context, 'p', String(at(14)))
    tracer.inventory(14.2, [['p', first]])
    expect(statuses(tracer.end(14.5))).toEqual([['on']])
  })

  it('waits for the look after, in which calls that were made while it looked have entered, too', () => {
    const tracer = counted()
    expect(told(tracer.look(11.5, { original: 100, first: 103 }))).toEqual([[11, [100, 103, 0]]])
    const next = tracer.look(12.5, { original: 203, first: 205 })
    expect(told(next)).toEqual([[12, [103, 102, 0]]])
    expect(statuses(next)).toEqual([])
    expect(told(tracer.look(13.5, { original: 206, first: 206 }))).toEqual([[13, [3, 1, 0]]])
  })

  it('is not known any more when the tracer dies', () => {
    const tracer = counted()
    forgetTracedCalls(tracer.context)
    expect(tracer.look(11.5, { original: 2 })).toEqual([])
  })
})
