import { describe, expect, it } from 'vitest'
import type { EventDraft } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { bpftrace, mapLine, tupleLine } from '../support/raw.ts'

const caller = '-1070231420'
const callerAddress = '0xffffffffc0359084'
const words = [0xffffffff, 0xc0359084]

const counts = (cells: Record<string, number>): RawRecord => bpftrace(mapLine('@shadow_counts', cells))
const tick = bpftrace(tupleLine('shadow.tick', 1, 0))
const walk = (pass: number, found: number, own: { isVoid?: boolean; late?: number; tooLong?: number } = {}) =>
  bpftrace(tupleLine('shadow.walk', 1, 0, pass, found, own.isVoid ?? false, own.late ?? 0, own.tooLong ?? 0))
const user = (id: number) => bpftrace(tupleLine('shadow.user', 1, 0, 0, id, ...words))
const named = (module: string | null, name: string | null, livepatch = true): RawRecord => ({
  monoNs: '1',
  source: 'shadow-callers',
  callers: [{ address: callerAddress, module, function: name, livepatch }],
})
const decode = (...records: RawRecord[]): EventDraft[] => {
  const decoder = createDecoder()
  return records.flatMap((record) => decoder.decode(record))
}
const lastCounts = (...records: RawRecord[]) => decode(...records, tick).at(-1)

describe('live counts', () => {
  it('are not claimed before a walk is through', () =>
    expect(lastCounts(counts({ [`9,4097,${caller}`]: 5 }))).toMatchObject({
      counts: [{ id: '0x1001', live: null, allocated: 5 }],
    }))

  it('are what the walk found and what changed behind it; what changed before it was found or not', () => {
    // Pass 1: parity 1. Before the walk 4 allocated and 1 freed, behind it 2 allocated and 1 freed.
    const cells = { '10,4097,0': 4, '42,4097,0': 1, '11,4097,0': 2, '43,4097,0': 1, '65,4097,8': 7 }
    expect(lastCounts(counts(cells), walk(1, 7))).toMatchObject({
      counts: [{ live: 8, allocated: 6, freed: 2 }],
    })
  })

  it('go on with every change, in whichever cell it is counted', () => {
    const cells = { '65,4097,8': 7, '8,4097,0': 1, '9,4097,0': 10, '40,4097,0': 2, '11,4097,0': 100 }
    expect(lastCounts(counts({ '65,4097,8': 7 }), walk(1, 7), counts(cells))).toMatchObject({
      counts: [{ live: 116 }],
    })
  })

  it('stay unknown when the counts that were read are not those of the end of the pass', () =>
    expect(lastCounts(counts({ '65,4097,8': 6 }), walk(1, 7))).toMatchObject({ counts: [{ live: null }] }))

  it('stay unknown when the pass was in vain, and come with the next', () => {
    const events = decode(
      counts({ '65,4097,8': 3 }),
      walk(1, 3, { isVoid: true }),
      counts({ '65,4097,8': 3, '64,4097,8': 4 }),
      walk(2, 4),
      tick,
    )
    expect(events.map((event) => event.kind)).toEqual(['shadow-adopted', 'shadow-checked', 'shadow-counts'])
    expect(events[0]).toMatchObject({ complete: true, restarts: 1 })
    expect(events.at(-1)).toMatchObject({ counts: [{ live: 4 }] })
  })

  it('stay unknown when a bucket is too long to read', () =>
    expect(decode(counts({ '65,4097,8': 3 }), walk(1, 3, { tooLong: 1 }), tick)).toMatchObject([
      { kind: 'shadow-adopted', complete: false },
      { counts: [{ live: null }] },
    ]))

  it('an end that is told twice counts once', () => {
    const events = decode(counts({ '65,4097,8': 3 }), walk(1, 3), walk(1, 3))
    expect(events.map((event) => event.kind)).toEqual(['shadow-adopted', 'shadow-checked'])
  })

  it('ids above 2^63 are printed as negative numbers by bpftrace', () =>
    expect(lastCounts(counts({ '8,-1,0': 1 }))).toMatchObject({ counts: [{ id: '0xffffffffffffffff' }] }))
})

describe('the check', () => {
  const adopted = [counts({ '65,4097,8': 7 }), walk(1, 7)]
  const checksOf = (...records: RawRecord[]) =>
    decode(...adopted, ...records).filter((event) => event.kind === 'shadow-checked')

  it('is content when changes and finds agree, wherever the walk was', () => {
    // 2 freed in front of the walk, 3 allocated behind it.
    const cells = { '65,4097,8': 7, '40,4097,0': 2, '9,4097,0': 3, '64,4097,8': 5 }
    expect(checksOf(counts(cells), walk(2, 5)).at(-1)).toMatchObject({ found: 5, drift: [] })
    expect(lastCounts(...adopted, counts(cells), walk(2, 5))).toMatchObject({ counts: [{ live: 8 }] })
  })

  it('reports a difference that two passes agree on, and corrects the count', () => {
    const second = counts({ '65,4097,8': 7, '64,4097,8': 9 })
    const third = counts({ '65,4097,8': 16, '64,4097,8': 9 })
    const checks = checksOf(second, walk(2, 9), third, walk(3, 9))
    expect(checks.map((check) => check.drift)).toEqual([[], [], [{ id: '0x1001', counted: 7, found: 9 }]])
    expect(lastCounts(...adopted, second, walk(2, 9))).toMatchObject({ counts: [{ live: 7 }] })
    expect(lastCounts(...adopted, second, walk(2, 9), third, walk(3, 9))).toMatchObject({
      counts: [{ live: 9 }],
    })
    const fourth = counts({ '65,4097,8': 16, '64,4097,8': 18 })
    expect(checksOf(second, walk(2, 9), third, walk(3, 9), fourth, walk(4, 9)).at(-1)).toMatchObject({
      drift: [],
    })
  })

  it('says nothing of a difference that the next pass does not see', () => {
    const second = counts({ '65,4097,8': 7, '64,4097,8': 9 })
    const third = counts({ '65,4097,8': 14, '64,4097,8': 9 })
    expect(checksOf(second, walk(2, 9), third, walk(3, 7)).map((check) => check.drift)).toEqual([[], [], []])
  })

  it('a difference of a pass that turned out to be in vain does not count', () => {
    const second = counts({ '65,4097,8': 7, '64,4097,8': 9 })
    const third = counts({ '65,4097,8': 16, '64,4097,8': 9 })
    expect(checksOf(second, walk(2, 9), third, walk(3, 9, { late: 2 })).at(-1)).toMatchObject({ drift: [] })
  })

  it('an adoption that turned out to be in vain is made good by the next pass, without a word', () => {
    const second = counts({ '65,4097,8': 7, '64,4097,8': 9 })
    expect(checksOf(second, walk(2, 9, { late: 1 })).at(-1)).toMatchObject({ drift: [] })
    expect(lastCounts(...adopted, second, walk(2, 9, { late: 1 }))).toMatchObject({ counts: [{ live: 9 }] })
  })

  it('tells ages: known, at least, unknown', () => {
    const cells = { '65,4097,0': 1, '65,4097,2': 2, '65,4097,14': 3, '65,4097,31': 4 }
    expect(decode(counts(cells), walk(1, 10)).at(-1)).toMatchObject({
      ages: [{ id: '0x1001', known: [1, 0, 2, 0, 0, 0, 0], atLeast: [0, 0, 0, 0, 0, 0, 3], unknown: 4 }],
    })
  })
})

describe('who allocates', () => {
  const three = counts({ [`9,4097,${caller}`]: 3 })

  it('waits for a name, of the module first and of the function later', () => {
    expect(lastCounts(user(4097), three)).not.toHaveProperty('counts.0.allocators')
    expect(lastCounts(user(4097), named('klpt_patch_v1', null), three)).toMatchObject({
      counts: [{ allocators: [{ module: 'klpt_patch_v1', function: null, livepatch: true, allocated: 3 }] }],
    })
    const all = [user(4097), named('klpt_patch_v1', null), three, tick, named('klpt_patch_v1', 'create')]
    expect(lastCounts(...all)).toMatchObject({
      counts: [
        {
          allocators: [{ module: 'klpt_patch_v1', function: 'create', allocated: 3 }],
          users: ['klpt_patch_v1'],
        },
      ],
    })
  })

  it('two modules may stand at one address, one after the other', () => {
    const five = counts({ [`9,4097,${caller}`]: 5 })
    expect(
      lastCounts(user(4097), named('old', 'f'), three, tick, user(4097), named('new', 'f'), five),
    ).toMatchObject({
      counts: [
        {
          allocators: [
            { module: 'old', allocated: 3 },
            { module: 'new', allocated: 2 },
          ],
          users: ['new', 'old'],
        },
      ],
    })
  })

  it('a module that is no livepatch is no user', () =>
    expect(lastCounts(user(4097), named('klpt_target', 'f', false), three)).not.toHaveProperty(
      'counts.0.users',
    ))

  it('a single event has the patch and function it was called from', () => {
    const one = bpftrace(tupleLine('shadow', 1, 1, 0, 0, 1, 0, 4097, 8, 7, 7, 'comm', ...words))
    expect(decode(user(4097), named('klpt_patch_v1', 'create'), one)).toMatchObject([
      { kind: 'shadow-allocated', patch: 'klpt_patch_v1', function: 'create' },
    ])
  })
})

describe('a caller in a module that was not in the kernel’s list yet', () => {
  const five = (count: number) => counts({ [`9,4097,${caller}`]: count })

  it('is the module’s once it is found there, with all that it allocated', () =>
    expect(
      lastCounts(user(4097), named(null, null, false), five(5), tick, named('p', null), five(6)),
    ).toMatchObject({
      counts: [{ allocators: [{ module: 'p', livepatch: true, allocated: 6 }], users: ['p'] }],
    }))

  it('is not that of another module that stands there later', () => {
    const first = [user(4097), named(null, null, false), five(5), tick]
    expect(lastCounts(...first, user(4097), named('q', 'q_f'), five(7))).toMatchObject({
      counts: [
        {
          allocators: [
            { module: null, allocated: 5 },
            { module: 'q', function: 'q_f', allocated: 2 },
          ],
          users: ['q'],
        },
      ],
    })
  })
})
