import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventSchema } from '../../../daemon/contract/event.ts'
import { initialState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { mapsOfRecords, tuplesOfRecords } from '../../../daemon/probes/bpftrace-records.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import { probeSets } from '../../../daemon/probes/probe-sets.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { attachedRecord, bpftrace, mapLine, tupleLine } from '../support/raw.ts'
import { eventsOf, ofKind, readRecording, recordingNames, runsOf } from '../support/recordings.ts'

const decodeLast = (...records: RawRecord[]) => {
  const decoder = createDecoder()
  return records.map((record) => decoder.decode(record)).at(-1)
}

describe.each(recordingNames)('recording %s', (name) => {
  it('is read without a failure', () => expect(ofKind(eventsOf(name), 'decode-failed')).toEqual([]))

  it('gives events of the form the contract promises, numbered without gaps', () => {
    const events = eventsOf(name)
    for (const event of events) {
      const { error, data } = eventSchema.safeParse(event)
      expect(error, JSON.stringify(event)).toBeUndefined()
      // Nothing that the contract does not know of.
      expect(data).toEqual(event)
    }
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1))
  })

  it('gives the same events again', () => {
    const again = runsOf(readRecording(name)).flatMap((run) => {
      const decoder = createDecoder()
      return run.flatMap((record) => decoder.decode(record))
    })
    const drafts = eventsOf(name).filter((event) => event.kind !== 'tracer-gap' || event.source !== 'daemon')
    expect(again).toEqual(drafts.map(({ seq: _, time: __, transition: ___, ...draft }) => draft))
  })
})

describe('what cannot be read', () => {
  it.each([
    ['not JSON', 'Attaching 20 probes...'],
    ['cut off', '{"type": "value", "data": ["idle",1'],
    ['empty', ''],
    ['null', 'null'],
    ['a number', '7'],
    ['without a type', '{"data": []}'],
    ['of an unknown type', '{"type": "surprise", "data": 1}'],
    ['a value that is no tuple', '{"type": "value", "data": 7}'],
    ['a tuple without a name', tupleLine(1, 2)],
    ['an unknown record', tupleLine('transition.began', 1, 2)],
    ['a record named like an object property', tupleLine('constructor', 1, 2)],
    ['too few elements', tupleLine('transition.end', 1, 2)],
    ['an element of another type', tupleLine('transition.end', 1, 2, 3, 1)],
    ['an unknown shadow record', tupleLine('shadow', 99, 1, 2, 0, 1, 0, 1, 8, 1, 1, 'x')],
    ['an unknown map', mapLine('@surprise', { 1: 2 })],
    ['a map without contents', '{"type": "map", "data": null}'],
  ])('a line that is %s becomes a decode-failed event that shows it', (_, line) => {
    expect(decodeLast(bpftrace(line, '42'))).toEqual([
      {
        kind: 'decode-failed',
        monoNs: '42',
        source: 'bpftrace',
        error: expect.stringMatching(/./),
        raw: line,
      },
    ])
  })

  it('is shown with at most 500 characters', () => {
    const [event] = decodeLast(bpftrace('x'.repeat(5_000))) ?? []
    expect(event).toMatchObject({ kind: 'decode-failed', raw: 'x'.repeat(500) })
  })

  it('in an iterator text is a failure of the whole snapshot, and the next one is whole again', () => {
    const decoder = createDecoder()
    const good = '1 1 1 -1 400100 0 init\tklpscope-end-of-task\n'
    const bad = good + good.slice(0, -5)
    expect(decoder.decode({ monoNs: '1', source: 'task-iterator', text: good })).toMatchObject([
      { kind: 'tasks-observed', total: 1 },
    ])
    expect(decoder.decode({ monoNs: '2', source: 'task-iterator', text: bad })).toMatchObject([
      { kind: 'decode-failed', source: 'task-iterator' },
    ])
    expect(decoder.decode({ monoNs: '3', source: 'task-iterator', text: good })).toMatchObject([
      { kind: 'tasks-observed', complete: false, changed: [], gone: [] },
    ])
  })
})

describe('lines that are nobody’s event', () => {
  it.each([
    '{"type": "attached_probes", "data": {"probes": 21}}',
    mapLine('@tries', {}),
    '{"type": "stats", "data": {"@shadow_not_streamed": 3}}',
  ])('%s', (line) => expect(decodeLast(bpftrace(line))).toEqual([]))

  it('the kernel log, which only reports quote so far', () =>
    expect(decodeLast({ monoNs: '1', source: 'kernel-log', line: 'livepatch: x' })).toEqual([]))
})

it.each([
  [{ events: 17 }, 17],
  [{}, 1],
  [null, 1],
])('lost events are counted: %j', (data, count) =>
  expect(decodeLast(bpftrace(JSON.stringify({ type: 'lost_events', data }), '5'))).toEqual([
    { kind: 'events-lost', monoNs: '5', source: 'bpftrace', count },
  ]),
)

describe('a tracer that died', () => {
  const gap: RawRecord = {
    monoNs: '9',
    source: 'tracer',
    what: 'gap',
    part: 'bpftrace',
    fromMonoNs: '5',
    reason: 'killed',
  }
  const counts = mapLine('@shadow_counts', { '8,4097,0': 3 })
  const tick = bpftrace(tupleLine('shadow.tick', 1, 0))

  it('is a gap with both its ends', () =>
    expect(decodeLast(gap)).toEqual([
      {
        kind: 'tracer-gap',
        monoNs: '9',
        source: 'bpftrace',
        fromMonoNs: '5',
        toMonoNs: '9',
        reason: 'killed',
      },
    ]))

  it('takes its counters with it', () => {
    expect(decodeLast(attachedRecord, bpftrace(counts), tick)).toMatchObject([
      { counts: [{ id: '0x1001', allocated: 3 }] },
    ])
    expect(decodeLast(attachedRecord, bpftrace(counts), gap, tick)).toMatchObject([{ counts: [] }])
  })
})

describe('whatever comes', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }))
  const recordName = fc.constantFrom(
    ...tuplesOfRecords,
    ...probeSets.flatMap((set) => Object.keys(set.records ?? {})),
  )
  const mapName = fc.constantFrom(...mapsOfRecords, ...probeSets.flatMap((set) => set.maps ?? []))
  const element = fc.oneof(fc.integer(), fc.maxSafeInteger(), text, fc.boolean(), fc.jsonValue())
  const tuple = fc
    .tuple(recordName, fc.array(element, { maxLength: 13 }))
    .map(([n, rest]) => tupleLine(n, ...rest))
  const map = fc.tuple(mapName, fc.jsonValue()).map(([name, contents]) => mapLine(name, contents))
  const record: fc.Arbitrary<RawRecord> = fc.oneof(
    fc.oneof(text, fc.json(), tuple, map).map((line) => bpftrace(line)),
    text.map((iterated): RawRecord => ({ monoNs: '1', source: 'task-iterator', text: iterated })),
    fc
      .record({
        name: text,
        files: fc.dictionary(
          fc.constantFrom('enabled', 'transition', 'replace', 'stack_order', 'refcnt'),
          text,
        ),
        objects: fc.array(
          fc.record({ name: text, patched: fc.option(text), functions: fc.array(text, { maxLength: 2 }) }),
          { maxLength: 2 },
        ),
      })
      .map((patch): RawRecord => ({ monoNs: '1', source: 'sysfs', patches: [patch] })),
    fc
      .record({
        tid: fc.nat(),
        requester: fc.boolean(),
        stack: fc.option(text),
        cmdline: fc.option(text),
        cgroup: fc.option(text),
      })
      .map((body): RawRecord => ({ monoNs: '1', source: 'procfs-task', ...body })),
    fc
      .record({
        tid: fc.nat(),
        pid: fc.nat(),
        startTicks: text,
        patchState: text,
        flags: text,
        comm: text,
        cpu: fc.nat(),
      })
      .map((task): RawRecord => ({ monoNs: '1', source: 'procfs-tasks', tasks: [task] })),
  )

  it('decoding never throws, and goes on afterwards', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        const decoder = createDecoder()
        for (const each of records) expect(Array.isArray(decoder.decode(each))).toBe(true)
        const end = bpftrace(tupleLine('transition.end', 1, 2, 'p', 1))
        expect(decoder.decode(end).at(-1)).toMatchObject({ kind: 'transition-completed', patch: 'p' })
      }),
      { numRuns: 300 },
    )
  })

  it('text that is not of any known form never passes for an event', () => {
    fc.assert(
      fc.property(text, (line) => {
        const events = createDecoder().decode(bpftrace(line))
        expect(events).toMatchObject([{ kind: 'decode-failed' }])
        expect(eventSchema.safeParse(numberEvent(initialState, events[0]!)).success).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
