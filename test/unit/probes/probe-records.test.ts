import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { recordKind, switchWay } from '../../../daemon/raw/enums.ts'
import type { Fields } from '../../../daemon/raw/fields.ts'
import { type RecordName, recordFields, type TracerRecord } from '../../../daemon/raw/records.ts'
import { probe, started, taskId } from '../support/probe.ts'

const decodeAll = (...records: RawRecord[]) => {
  const decoder = createDecoder()
  return records.flatMap((record) => decoder.decode(record))
}

const row = (monoNs: bigint, tid: number, patchState: number) =>
  probe('task', { monoNs, task: taskId(tid), patchState, onCpu: false })
const waitedFor = (monoNs: bigint, tid: number) =>
  probe('task-waited-for', {
    monoNs,
    task: taskId(tid),
    state: 1,
    onCpu: false,
    frames: 0,
    address: [],
  })
const end = (monoNs: bigint, name: 'task' | 'task-waited-for', rows: number, complete = true) =>
  probe('tasks-end', { monoNs, list: recordKind[name], rows, complete })

describe('lists of tasks', () => {
  const threads = [row(11n, 1, 0), row(12n, 2, 1), end(13n, 'task', 2)]

  it('a list of all is a snapshot as of its first row', () =>
    expect(decodeAll(started(10n), ...threads).slice(1)).toMatchObject([
      {
        kind: 'tasks-observed',
        monoNs: '11',
        complete: true,
        total: 2,
        remaining: 1,
        changed: [{ tid: 1, startNs: '5000', kthread: false }, { tid: 2 }],
      },
    ]))

  it.each([
    ['not complete', [row(11n, 1, 0), end(13n, 'task', 1, false)]],
    ['a row short', [row(11n, 1, 0), end(13n, 'task', 2)]],
  ])('one that is %s says nothing, and the next is whole', (_, broken) =>
    expect(decodeAll(...broken, ...threads)).toMatchObject([{ complete: true, total: 2 }]),
  )

  it('who is in no list of those waited for is in the target state; nobody is gone', () => {
    const events = decodeAll(
      started(10n),
      ...threads,
      waitedFor(20n, 3),
      end(21n, 'task-waited-for', 1),
      end(30n, 'task-waited-for', 0),
    )
    expect(events.slice(2)).toMatchObject([
      {
        monoNs: '20',
        complete: false,
        total: 3,
        remaining: 1,
        changed: [
          { tid: 1, patchState: 1 },
          { tid: 3, patchState: 0 },
        ],
        gone: [],
      },
      { monoNs: '30', remaining: 0, changed: [{ tid: 3, patchState: 1 }], gone: [] },
    ])
  })

  it.each([
    [0x200000, true],
    [0x4208060, true],
    [0x400100, false],
    [0, false],
  ])('a task with the flags %i is a kernel thread: %s', (flags, kthread) => {
    const task = probe('task', { monoNs: 11n, task: { ...taskId(1), flags } })
    expect(decodeAll(task, end(13n, 'task', 1))).toMatchObject([{ changed: [{ kthread }] }])
  })

  it('a patch state that is not known is taken for undefined', () =>
    expect(
      decodeAll(
        ...[-1, 0, 1, 7].map((patchState, index) => row(11n, index + 1, patchState)),
        end(13n, 'task', 4),
      ),
    ).toMatchObject([{ changed: [-1, 0, 1, -1].map((patchState) => ({ patchState })) }]))

  it('those waited for say nothing when no transition is known', () =>
    expect(decodeAll(waitedFor(20n, 3), end(21n, 'task-waited-for', 1))).toEqual([]))

  it('a list that a step falls into says nothing', () => {
    const step = probe('transition-forced', { monoNs: 12n, by: taskId(9), target: 1 })
    const kinds = decodeAll(started(10n), row(11n, 1, 1), step, end(13n, 'task', 1)).map(({ kind }) => kind)
    expect(kinds).toEqual(['transition-started', 'transition-forced'])
    // The list is told when it is over; the step may have been told before.
    expect(decodeAll(started(10n), step, waitedFor(11n, 1), end(13n, 'task-waited-for', 1))).toHaveLength(2)
    expect(decodeAll(started(10n), step, end(13n, 'task-waited-for', 0))).toHaveLength(3)
  })

  it('nor does a look at /proc that a step falls into', () => {
    const look = (beganNs: string, monoNs: string): RawRecord => ({
      source: 'procfs-tasks',
      beganNs,
      monoNs,
      tasks: [{ tid: 1, pid: 1, startTicks: '1', patchState: '0', flags: '0', comm: 'a', cpu: 0 }],
    })
    const kinds = (...looks: RawRecord[]) => decodeAll(started(10n), ...looks).map(({ kind }) => kind)
    expect(kinds(look('9', '11'))).toEqual(['transition-started'])
    expect(kinds(look('10', '12'))).toEqual(['transition-started', 'tasks-observed'])
  })
})

describe('counts of a second', () => {
  const tries = (generation: bigint, tid: number, count: bigint) => ({
    ...probe('task-tries', { monoNs: 50n, generation, tries: count, tid }),
  })
  const switched = (generation: bigint, way: number, tasks: bigint) =>
    probe('tasks-switched', { monoNs: 51n, generation, way, tasks })
  const other = probe('canary', { monoNs: 60n, number: 1n })

  it('are one event each, told with the next record of another kind', () => {
    const events = decodeAll(
      started(10n),
      tries(10n, 7, 3n),
      tries(10n, 0, 2n),
      tries(9n, 8, 1n),
      switched(10n, switchWay.SCHEDULE, 5n),
      switched(9n, switchWay.FORKED, 1n),
      other,
      switched(10n, switchWay.KERNEL_EXIT, 1n),
      other,
      switched(10n, switchWay.KERNEL_EXIT, 1n),
      other,
    ).slice(1)
    expect(events).toEqual([
      {
        kind: 'task-tries',
        monoNs: '51',
        tries: [
          [7, 3],
          [-1, 2],
        ],
      },
      { kind: 'tasks-switched', monoNs: '51', counts: { schedule: 5 } },
      { kind: 'tasks-switched', monoNs: '51', counts: { schedule: 5, 'kernel-exit': 1 } },
    ])
  })
})

describe('the tracer’s account', () => {
  const account = (ofKind: number, unreserved: bigint, unwritten: bigint) =>
    probe('account', { monoNs: 5n, ofKind, emitted: 100n, unreserved, written: 90n, unwritten })
  const gap = (over: boolean) => probe('gap', { monoNs: 9n, fromNs: 7n, over, reason: 'killed' })
  const lost = (...records: RawRecord[]) =>
    decodeAll(...records).map((event) => event.kind === 'events-lost' && [event.source, event.count])

  it('tells what was lost since the last of that kind', () =>
    expect(
      lost(
        account(1, 0n, 0n),
        account(1, 2n, 1n),
        account(2, 0n, 4n),
        account(1, 2n, 1n),
        account(1, 5n, 1n),
      ),
    ).toEqual([
      ['tracer', 3],
      ['tracer', 4],
      ['tracer', 3],
    ]))

  it('begins anew with another worker', () => {
    expect(lost(account(1, 5n, 0n), account(1, 2n, 0n))).toEqual([
      ['tracer', 5],
      ['tracer', 2],
    ])
    expect(lost(account(1, 5n, 0n), gap(false), account(1, 5n, 0n))).toHaveLength(3)
  })

  it('goes on when the same tracer sees again', () => {
    const blindness = probe('blindness', { monoNs: 9n, fromNs: 7n, over: true, function: '', reason: 'off' })
    expect(lost(account(1, 5n, 0n), blindness, account(1, 6n, 0n))).toEqual([
      ['tracer', 5],
      false,
      ['tracer', 1],
    ])
  })

  it('blindness is a gap: of the tracer, or of one probe', () =>
    expect(
      decodeAll(
        probe('blindness', { monoNs: 9n, fromNs: 7n, over: false, function: '', reason: 'off' }),
        probe('blindness', {
          monoNs: 12n,
          fromNs: 8n,
          over: true,
          function: 'klp_shadow_free',
          reason: 'why',
        }),
      ),
    ).toEqual([
      { kind: 'tracer-gap', monoNs: '9', source: 'tracer', fromMonoNs: '7', toMonoNs: '9', reason: 'off' },
      {
        kind: 'tracer-gap',
        monoNs: '12',
        source: 'the probe of klp_shadow_free',
        fromMonoNs: '8',
        toMonoNs: '12',
        reason: 'why',
      },
    ]))

  it('a gap has both its ends', () =>
    expect(decodeAll(gap(false), gap(true))).toEqual(
      Array(2).fill({
        kind: 'tracer-gap',
        monoNs: '9',
        source: 'tracer',
        fromMonoNs: '7',
        toMonoNs: '9',
        reason: 'killed',
      }),
    ))
})

describe('an inventory', () => {
  const patch = (walk: number) =>
    probe('inventory-patch', {
      monoNs: 1n,
      walk,
      enabled: true,
      replace: false,
      forced: false,
      patch: 'p',
    })
  const object = (walk: number) =>
    probe('inventory-object', {
      monoNs: 2n,
      walk,
      facts: 0b1010_0000,
      prePatch: 0n,
      postPatch: 0n,
      preUnpatch: 0n,
      postUnpatch: 0n,
      object: '',
    })
  const ended = (walk: number, entries: number, complete = true) =>
    probe('inventory-end', { monoNs: 9n, walk, entries, complete })

  it('is of one walk, as of its end', () =>
    expect(decodeAll(patch(1), patch(2), object(2), ended(2, 2))).toEqual([
      {
        kind: 'patches-inventoried',
        monoNs: '9',
        asOfMonoNs: '9',
        patches: [
          expect.objectContaining({
            name: 'p',
            objects: [
              expect.objectContaining({ name: 'vmlinux', patched: true, loaded: true, callbacks: {} }),
            ],
          }),
        ],
      },
    ]))

  it('that was disturbed is not told; that lacks a record is a failure, and shows the record', () => {
    expect(decodeAll(patch(1), ended(1, 1, false))).toEqual([])
    expect(decodeAll(patch(1), ended(1, 2))).toMatchObject([
      { kind: 'decode-failed', source: 'probe', raw: expect.stringContaining('"monoNs":"9"') },
    ])
  })
})

it('whatever a record holds, decoding it never throws, and goes on afterwards', () => {
  const valuesOf = (fields: Fields): fc.Arbitrary<Record<string, unknown>> =>
    fc.record(
      Object.fromEntries(
        Object.entries(fields).map(([name, type]): [string, fc.Arbitrary<unknown>] => {
          if (typeof type !== 'string') return [name, valuesOf(type)]
          const wide = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
          const values = { int: fc.integer(), flag: fc.boolean(), wide, text: fc.string() }
          return [name, type === 'wides' ? fc.array(wide) : values[type]]
        }),
      ),
    )
  const record = fc
    .constantFrom(...(Object.keys(recordFields) as RecordName[]))
    .chain((name) =>
      valuesOf({ ...recordFields[name], monoNs: 'wide' }).map((of) => ({ record: name, ...of })),
    )
  fc.assert(
    fc.property(fc.array(record, { maxLength: 12 }), (records) => {
      const decoder = createDecoder()
      for (const each of records)
        decoder.decode({ monoNs: '1', source: 'probe', record: each as unknown as TracerRecord })
      const ended = probe('transition-ended', { monoNs: 2n, target: 1, patch: 'p' })
      expect(decoder.decode(ended).at(-1)?.kind).toMatch(/^transition-(completed|cancelled)$/)
    }),
  )
})
