import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventSchema } from '../../../daemon/contract/event.ts'
import { initialState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { probe, recordOf } from '../support/probe.ts'
import { attachedRecord } from '../support/raw.ts'
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
  const unreadable = (line: string): RawRecord => ({
    monoNs: '42',
    source: 'recording',
    line,
    error: 'no record of a known kind and length',
  })

  it('becomes a decode-failed event that shows it', () =>
    expect(decodeLast(unreadable('a record frame of 7 bytes'))).toEqual([
      {
        kind: 'decode-failed',
        monoNs: '42',
        source: 'recording',
        error: 'no record of a known kind and length',
        raw: 'a record frame of 7 bytes',
      },
    ]))

  it.each([
    ['of an unknown kind', { record: 'transition-began' }],
    ['named like an object property', { record: 'constructor' }],
    ['of an unknown use of a shadow variable', recordOf('shadow-call', { what: 99 })],
    ['without its fields', { record: 'transition-ended' }],
  ])('a record %s too', (_, record) =>
    expect(decodeLast({ monoNs: '42', source: 'probe', record } as RawRecord)).toMatchObject([
      { kind: 'decode-failed', monoNs: '42', source: 'probe', error: expect.stringMatching(/./) },
    ]),
  )

  it('is shown with at most 500 characters', () => {
    const [event] = decodeLast(unreadable('x'.repeat(5_000))) ?? []
    expect(event).toMatchObject({ kind: 'decode-failed', raw: 'x'.repeat(500) })
  })
})

it('the kernel log, which only reports quote so far, is nobody’s event', () =>
  expect(decodeLast({ monoNs: '1', source: 'kernel-log', line: 'livepatch: x' })).toEqual([]))

describe('a tracer that died', () => {
  const gap: RawRecord = {
    monoNs: '9',
    source: 'tracer',
    what: 'gap',
    part: 'tracer',
    fromMonoNs: '5',
    reason: 'killed',
  }
  const counts = probe('shadow-count', { id: 4097n, allocated: [3n, 0n, 0n, 0n] })
  const tick = probe('shadow-counted', { ids: 1n })

  it('is a gap with both its ends', () =>
    expect(decodeLast(gap)).toEqual([
      {
        kind: 'tracer-gap',
        monoNs: '9',
        source: 'tracer',
        fromMonoNs: '5',
        toMonoNs: '9',
        reason: 'killed',
      },
    ]))

  it('takes its counters with it', () => {
    expect(decodeLast(attachedRecord, counts, tick)).toMatchObject([
      { counts: [{ id: '0x1001', allocated: 3 }] },
    ])
    expect(decodeLast(attachedRecord, counts, gap, tick)).toMatchObject([{ counts: [] }])
  })
})

describe('whatever comes', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }))
  const record: fc.Arbitrary<RawRecord> = fc.oneof(
    fc
      .tuple(text, text)
      .map(([line, error]): RawRecord => ({ monoNs: '1', source: 'recording', line, error })),
    fc.jsonValue().map((value) => ({ monoNs: '1', source: 'probe', record: value }) as unknown as RawRecord),
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
        const end = probe('transition-ended', { target: 1, patch: 'p' })
        expect(decoder.decode(end).at(-1)).toMatchObject({ kind: 'transition-completed', patch: 'p' })
      }),
      { numRuns: 300 },
    )
  })

  it('what is no record never passes for an event', () => {
    fc.assert(
      fc.property(text, (line) => {
        const events = createDecoder().decode({ monoNs: '1', source: 'recording', line, error: 'none' })
        expect(events).toMatchObject([{ kind: 'decode-failed' }])
        expect(eventSchema.safeParse(numberEvent(initialState, events[0]!)).success).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
