import { describe, expect, it } from 'vitest'
import type { EventDraft } from '../../../daemon/contract/event.ts'
import { freshContext } from '../../../daemon/probes/probe-set.ts'
import { nameCallers } from '../../../daemon/probes/shadow-callers.ts'
import { forgetShadowCounters, restartShadowCounters } from '../../../daemon/probes/shadow-counters.ts'
import { shadowRecords } from '../../../daemon/probes/shadow-records.ts'
import type { TracerRecord } from '../../../daemon/raw/records.ts'
import { shadowAccountsIn } from '../../end-to-end/support/shadow-accounts.ts'
import { decodeWith, recordsOf, tracerRecords } from '../support/tracer-records.ts'

const head = { cpu: 0, monoNs: 1n }
const id = 0x1001n
const ages = (...counts: number[]) => Array.from({ length: 7 }, (_, index) => BigInt(counts[index] ?? 0))
const cells = (counts: number[]) => [0, 1, 2, 3].map((cell) => BigInt(counts[cell] ?? 0))

const count = (allocated: number[], freed: number[] = [], of = id): TracerRecord => ({
  record: 'shadow-count',
  ...head,
  id: of,
  allocated: cells(allocated),
  freed: cells(freed),
  found: 2n,
  duplicates: 3n,
  failed: 4n,
  missed: 5n,
  raced: 1n,
})
const counted = (ids: number, pass = 0): TracerRecord => ({
  record: 'shadow-counted',
  ...head,
  ids: BigInt(ids),
  notStreamed: 7n,
  pass: BigInt(pass),
})
const found = (pass: number, all: number, known = ages(all), atLeast = ages()): TracerRecord => ({
  record: 'shadow-found',
  ...head,
  pass: BigInt(pass),
  id,
  found: BigInt(all),
  known,
  atLeast,
})
const walked = (
  pass: number,
  all: number,
  own: { isVoid?: boolean; tooLong?: boolean } = {},
): TracerRecord => ({
  record: 'shadow-walked',
  ...head,
  pass: BigInt(pass),
  found: BigInt(all),
  isVoid: own.isVoid ?? false,
  tooLong: own.tooLong ?? false,
})
const kindsOf = (events: EventDraft[]) => events.map(({ kind }) => kind)
/** A pass and what the tracer tells at its end. */
const passOf = (pass: number, all: number, allocated: number[], freed: number[] = []): TracerRecord[] => [
  count(allocated, freed),
  counted(1, pass),
  found(pass, all),
  walked(pass, all),
]

const decode = (records: readonly TracerRecord[], context = freshContext()): EventDraft[] =>
  records.flatMap((record) => decodeWith(shadowRecords, record, context))
const checksIn = (events: EventDraft[]) => events.filter((event) => event.kind === 'shadow-checked')
const lastCounts = (...records: TracerRecord[]) =>
  decode(records)
    .filter((event) => event.kind === 'shadow-counts')
    .at(-1)

describe('the records of a real run', () => {
  const records = tracerRecords()
  const events = decode(records)
  const counts = events.filter((event) => event.kind === 'shadow-counts').at(-1)?.counts ?? []

  it('give the counts that the module which makes the variables gives', () => {
    const accounts = shadowAccountsIn('0x1001 15 15 0 0\n0x2fff 0 5000 5000 0\n0x1002 5 5 0 0\n')
    expect(counts.map((one) => one.id).sort()).toEqual([...accounts.keys()].sort())
    for (const one of counts) expect(one).toMatchObject(accounts.get(one.id) ?? {})
    expect(counts.map((one) => one.sizesBytes)).toEqual([[8], [8], [32]])
  })

  it('give live counts from the first walk on, and no walk finds another number', () => {
    const kinds = events.map((event) => event.kind)
    expect(kinds.filter((kind) => kind === 'shadow-adopted')).toHaveLength(1)
    const checks = checksIn(events)
    expect(checks.length).toBeGreaterThan(2)
    expect(checks.flatMap((check) => check.drift)).toEqual([])
    expect(checks.at(-1)?.ages.map((age) => [age.id, age.known[0], age.unknown])).toEqual([
      ['0x1001', 15, 0],
      ['0x1002', 5, 0],
    ])
  })

  it('put every allocation down to an address, and all of them to a function once it has a name', () => {
    const context = freshContext()
    decode(records, context)
    const callers = recordsOf(records, 'shadow-user').map(({ caller }) => `0x${caller.toString(16)}`)
    const named = callers.map((address) => ({ address, function: 'f', module: 'p', livepatch: true }))
    nameCallers(context.shadowCallers, named)
    const told = decode(recordsOf(records, 'shadow-counted').slice(-1), context)
    expect(told).toMatchObject([
      {
        counts: [15, 5000, 5].map((allocated) => ({
          allocators: [{ function: 'f', module: 'p', livepatch: true, allocated }],
          users: ['p'],
        })),
      },
    ])
  })
})

describe('counts', () => {
  it('are one event once all were told, with those that raced among those found', () =>
    expect(decode([count([1, 2, 3, 4], [0, 1]), count([9], [], 0x1002n), counted(2)])).toEqual([
      {
        kind: 'shadow-counts',
        monoNs: '1',
        notStreamed: 7,
        counts: [
          expect.objectContaining({ id: '0x1001', allocated: 10, freed: 1, found: 3, missed: 5, live: null }),
          expect.objectContaining({ id: '0x1002', allocated: 9, duplicates: 3, failures: 4, sizesBytes: [] }),
        ],
      },
    ]))

  it('are told from what is known when a record is missing', () => {
    const before = [count([1]), count([9], [], 0x1002n), counted(2)]
    expect(lastCounts(...before, count([2]), counted(2))).toMatchObject({
      counts: [{ allocated: 2 }, { allocated: 9 }],
    })
  })

  it('die with their tracer', () => {
    const context = freshContext()
    decode(passOf(1, 3, []), context)
    forgetShadowCounters(context)
    expect(decode([counted(0)], context)).toMatchObject([{ counts: [] }])
  })

  it('begin anew with the next pass, when the same tracer sees again', () => {
    const context = freshContext()
    decode([...passOf(1, 3, []), ...passOf(2, 3, [2])], context)
    restartShadowCounters(context)
    // The pass that was under way.
    const underWay = [count([1]), counted(1, 3), found(3, 9), walked(3, 9, { isVoid: true })]
    expect(kindsOf(decode(underWay, context))).toEqual(['shadow-counts'])
    expect(kindsOf(decode(passOf(4, 5, [1]), context))).toContain('shadow-adopted')
    expect(decode([counted(1, 4)], context)).toMatchObject([{ counts: [{ live: 5, allocated: 1 }] }])
  })
})

describe('live counts', () => {
  it('are what the walk found and what changed behind it; what changed before it was found or not', () =>
    expect(lastCounts(...passOf(1, 7, [0, 0, 4, 2], [0, 0, 1, 1]))).toMatchObject({
      counts: [{ live: 8, allocated: 6, freed: 2 }],
    }))

  it('go on with every change, in whichever cell it is counted', () =>
    expect(lastCounts(...passOf(1, 7, []), count([1, 10, 0, 100], [2]), counted(1, 1))).toMatchObject({
      counts: [{ live: 116 }],
    }))

  it('have variables of which nothing was counted, because they are older than the probes', () =>
    expect(lastCounts(counted(0, 1), found(1, 3), walked(1, 3))).toMatchObject({
      counts: [{ id: '0x1001', live: 3, allocated: 0 }],
    }))

  it.each<[string, TracerRecord[]]>([
    ['the counts of another id are missing', [count([]), counted(2, 1), found(1, 7), walked(1, 7)]],
    ['counts are from before the walk was through', [count([]), counted(1), found(1, 7), walked(1, 7)]],
    ['a find is missing', [count([]), counted(1, 1), found(1, 7), walked(1, 8)]],
    ['the pass was void', [count([]), counted(1, 1), found(1, 7), walked(1, 7, { isVoid: true })]],
  ])('stay unknown when %s, and come with the next pass', (_, records) => {
    expect(lastCounts(...records)).toMatchObject({ counts: [{ live: null }] })
    const events = decode([...records, ...passOf(2, 4, [])])
    expect(events.find((event) => event.kind === 'shadow-adopted')).toMatchObject({ restarts: 1 })
    expect(lastCounts(...records, ...passOf(2, 4, []))).toMatchObject({ counts: [{ live: 4 }] })
  })

  it('come from a pass whose end is told twice only once', () =>
    expect(
      decode([...passOf(1, 3, []), walked(1, 3)]).filter(({ kind }) => kind !== 'shadow-counts'),
    ).toMatchObject([{ kind: 'shadow-adopted' }, { kind: 'shadow-checked' }]))

  it('are of the largest id as of any other', () =>
    expect(lastCounts(count([1], [], 2n ** 64n - 1n), counted(1))).toMatchObject({
      counts: [{ id: '0xffffffffffffffff' }],
    }))

  it('are never known when a bucket is too long to read', () =>
    expect(decode([counted(0, 1), found(1, 3), walked(1, 3, { tooLong: true })]).at(-1)).toMatchObject({
      kind: 'shadow-adopted',
      complete: false,
    }))
})

describe('the check', () => {
  const adopted = passOf(1, 7, [])

  it('reports a difference that two passes agree on, and corrects the count', () => {
    const passes = [...adopted, ...passOf(2, 9, []), ...passOf(3, 9, []), ...passOf(4, 9, [])]
    expect(checksIn(decode(passes)).map((check) => check.drift)).toEqual([
      [],
      [],
      [{ id: '0x1001', counted: 7, found: 9 }],
      [],
    ])
    expect(lastCounts(...passes)).toMatchObject({ counts: [{ live: 9 }] })
  })

  it('is content when changes and finds agree, wherever the walk was', () => {
    // Pass 2, parity 0: 2 freed in front of the walk, 3 allocated behind it.
    const passes = [...adopted, ...passOf(2, 5, [0, 3], [2])]
    expect(checksIn(decode(passes)).at(-1)).toMatchObject({ found: 5, drift: [] })
    expect(lastCounts(...passes)).toMatchObject({ counts: [{ live: 8 }] })
  })

  it('does not correct a count before the next pass confirms the difference', () =>
    expect(lastCounts(...adopted, ...passOf(2, 9, []))).toMatchObject({ counts: [{ live: 7 }] }))

  it('a difference is not confirmed by a pass in vain, nor by the one after it alone', () => {
    const inVain = [count([]), counted(1, 3), found(3, 9), walked(3, 9, { isVoid: true })]
    const passes = [...adopted, ...passOf(2, 9, []), ...inVain, ...passOf(4, 9, [])]
    expect(checksIn(decode(passes)).flatMap(({ drift }) => drift)).toEqual([])
    expect(checksIn(decode([...passes, ...passOf(5, 9, [])])).at(-1)).toMatchObject({
      drift: [{ id: '0x1001', counted: 7, found: 9 }],
    })
  })

  it('says nothing of a difference that the next pass does not see', () =>
    expect(
      checksIn(decode([...adopted, ...passOf(2, 9, []), ...passOf(3, 7, [])])).flatMap(({ drift }) => drift),
    ).toEqual([]))

  it('tells ages: known, at least, unknown', () =>
    expect(
      checksIn(decode([counted(0, 1), found(1, 10, ages(1, 0, 2), ages(0, 0, 0, 3)), walked(1, 10)])),
    ).toMatchObject([
      { ages: [{ known: [1, 0, 2, 0, 0, 0, 0], atLeast: [0, 0, 0, 3, 0, 0, 0], unknown: 4 }] },
    ]))
})

describe('a single call', () => {
  const task = { tid: 7, pid: 6, startBootNs: 1n, cpu: 0, flags: 0, comm: 'comm' }
  const call = (what: number): TracerRecord => ({
    record: 'shadow-call',
    ...head,
    task,
    object: 0xff00000000000010n,
    id,
    bytes: 8n,
    caller: 0xffffffffc0359084n,
    what,
  })
  const common = { monoNs: '1', obj: '0xff00000000000010', id: '0x1001', tid: 7, pid: 6, comm: 'comm' }

  it('is told with the patch and function it came from', () => {
    const context = freshContext()
    const [address, name] = ['0xffffffffc0359084', 'create']
    nameCallers(context.shadowCallers, [{ address, function: name, module: 'p', livepatch: true }])
    expect(decode([call(1)], context)).toEqual([
      { kind: 'shadow-allocated', ...common, patch: 'p', function: 'create', sizeBytes: 8 },
    ])
  })

  it('is an event of its own kind', () =>
    expect(decode([2, 3, 4, 5, 6, 7].map(call)).map((event) => event.kind)).toEqual([
      'shadow-found',
      'shadow-duplicate',
      'shadow-alloc-failed',
      'shadow-freed',
      'shadow-free-missed',
      'shadow-found',
    ]))

  it('of klp_shadow_free_all says how many it freed', () =>
    expect(decode([{ record: 'shadow-freed-all', ...head, task, id, count: 3n, caller: 0n }])).toEqual([
      { kind: 'shadow-freed-all', monoNs: '1', id: '0x1001', count: 3, tid: 7, pid: 6, comm: 'comm' },
    ]))
})

describe('without the probes that count', () => {
  /** A pass in passive mode: nothing was counted, and of no variable is known how old it is. */
  const alone = (pass: number, all: number): TracerRecord[] => [
    counted(0, pass),
    ...(all > 0 ? [found(pass, all, ages())] : []),
    walked(pass, all),
  ]
  const passive = { ...freshContext(), shadowAttached: false }
  const events = decode([...alone(1, 2), ...alone(2, 5), ...alone(3, 5), ...alone(4, 0)], passive)

  it('each walk says how many there are, and nothing drifts', () => {
    const lives = events.flatMap((event) =>
      event.kind === 'shadow-counts' ? event.counts.slice(0, 1).map(({ live }) => live) : [],
    )
    expect([...new Set(lives.filter((live) => live !== null))]).toEqual([2, 5, 0])
    expect(checksIn(events).flatMap(({ drift }) => drift)).toEqual([])
    expect(checksIn(events)[0]?.ages).toMatchObject([{ unknown: 2 }])
  })

  it('would drift otherwise', () => {
    const counting = decode([...alone(1, 2), ...alone(2, 5), ...alone(3, 5)])
    expect(checksIn(counting).flatMap(({ drift }) => drift)).toEqual([{ id: '0x1001', counted: 2, found: 5 }])
  })
})
