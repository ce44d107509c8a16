import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EventDraft, eventSchema } from '../../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import { createEngine } from '../../../daemon/engine.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { bpftrace, sysfsPatch, tupleLine } from '../support/raw.ts'

const decode = (record: RawRecord): EventDraft[] => createDecoder().decode(record)
const lost = (count: string): RawRecord =>
  bpftrace(`{"type": "lost_events", "data": {"events": ${count}}}`, '5')
const from = (record: object): RawRecord => record as RawRecord

const shadow = (seconds: number, sizeBytes: unknown = 16): RawRecord =>
  bpftrace(tupleLine('shadow', 1, seconds, 5, 0xffff8880, 1000, 0, 8193, sizeBytes, 501, 501, 'x', 0, 0))

describe('out of range is refused where it is decoded', () => {
  it.each<[string, RawRecord]>([
    ['a loss of 1e308 events', lost('1e308')],
    ['a loss of half an event', lost('0.5')],
    ['a loss of -1 events', lost('-1')],
    ['a loss of more events than a double can count', lost('9007199254740993')],
    ['a loss of "many"', lost('"many"')],
    ['a time after 2262', shadow(8_589_934_591)],
    ['an uptime of 40 years', shadow(40 * 366 * 86_400)],
    ['a size below zero', shadow(1, -16)],
    ['a wall clock after 2262', { monoNs: '1', source: 'clock', wallNs: '9300000000000000000' }],
    ['a wall clock before 1970', { monoNs: '1', source: 'clock', wallNs: `-${2n ** 61n}` }],
    ['a number of lost kernel messages below zero', { monoNs: '1', source: 'kernel-log', lost: -3 }],
    ['half a lost event of the record', { monoNs: '1', source: 'record', what: 'resumed', lost: 0.5 }],
    ['a record without a time', from({ source: 'clock', wallNs: '1' })],
    ['a record of a time beyond 64 bits', { ...lost('1'), monoNs: '9'.repeat(30) }],
    ['a host without a name', from({ monoNs: '1', source: 'host', cpus: 'many' })],
    [
      'a gap that began at no time',
      { monoNs: '1', source: 'tracer', what: 'gap', part: 'x', fromMonoNs: '-7', reason: 'r' },
    ],
  ])('%s', (_, record) => {
    const [first] = decode(record)
    expect(first).toMatchObject({ kind: 'decode-failed', error: expect.stringMatching(/./) })
  })
})

describe('too long is cut', () => {
  const long = 'x'.repeat(100_000)

  it('a patch name, in an event and in a list', () => {
    const [ended] = decode(bpftrace(tupleLine('transition.end', 1, 2, long, 1)))
    expect(ended).toMatchObject({ kind: 'transition-completed', patch: 'x'.repeat(512) })
    const [seen] = decode({ monoNs: '1', source: 'sysfs', patches: [sysfsPatch(long, 1, 0)] })
    expect(seen).toMatchObject({ kind: 'patches-observed', patches: [{ name: 'x'.repeat(512) }] })
  })

  it('but nothing that is as long as names can be: a symbol of 511 letters, a command line of 4,000', () => {
    const name = 'f'.repeat(511)
    const [missing] = decode(bpftrace(tupleLine('transition.end', 1, 2, name, 1)))
    expect(missing).toMatchObject({ patch: name })
    const inspected = { monoNs: '1', source: 'procfs-task', tid: 1, requester: false, stack: null } as const
    const [task] = decode({ ...inspected, cmdline: 'c'.repeat(4_000), cgroup: null })
    expect(task).toMatchObject({ commandLine: 'c'.repeat(4_000) })
  })

  it('the name of a record, 5 MB long, in what is said of it', () => {
    const [event] = decode(bpftrace(tupleLine('r'.repeat(5_000_000), 1)))
    expect(event?.kind).toBe('decode-failed')
    expect(JSON.stringify(event).length).toBeLessThan(1_200)
  })

  it('without changing what was seen', () => {
    const patch = sysfsPatch(long, 1, 0)
    decode({ monoNs: '1', source: 'sysfs', patches: [patch] })
    expect(patch.name).toBe(long)
  })
})

it('whatever comes, events are of the form the contract promises and their times fit the record', () => {
  const ns = fc.oneof(
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    fc.constantFrom(String(2n ** 60n - 1n), String(2n ** 63n - 2n ** 60n), '0', '1'),
    fc.string(),
  )
  const second = fc.oneof(fc.maxSafeInteger(), fc.nat(2 ** 31))
  const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger())
  const record = fc.oneof(
    fc.record({ monoNs: ns, source: fc.constant('clock'), wallNs: ns, bootNs: ns }),
    second.map((seconds) => shadow(seconds)),
    fc.tuple(second, number).map(([seconds, size]) => shadow(seconds, size)),
    number.map((count) => lost(JSON.stringify(count))),
    fc.record({
      monoNs: ns,
      source: fc.constant('overhead'),
      windowMs: number,
      daemonMs: number,
      tracersMs: number,
    }),
    fc.record({
      monoNs: ns,
      source: fc.constant('tracer'),
      what: fc.constant('gap'),
      part: fc.constantFrom('bpftrace', 'observer'),
      fromMonoNs: ns,
      reason: fc.string(),
    }),
    fc.record({ monoNs: ns, source: fc.constant('record'), what: fc.constant('resumed'), lost: number }),
  ) as fc.Arbitrary<RawRecord>
  fc.assert(
    fc.property(fc.array(record, { maxLength: 20 }), (records) => {
      let state: CoreState = initialState
      const engine = createEngine(initialState, [
        (step) => {
          state = step.state
          const parsed = eventSchema.safeParse(step.event)
          expect(parsed.error, JSON.stringify(step.event)).toBeUndefined()
          const timeNs = parseTime(step.event.time)
          expect(timeNs >= -(2n ** 63n) && timeNs < 2n ** 63n).toBe(true)
        },
      ])
      for (const each of records) engine.ingest(each)
      expect(state.seq).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: 500 },
  )
})
