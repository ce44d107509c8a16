import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EventDraft, eventSchema } from '../../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import { createEngine } from '../../../daemon/engine.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { shadowWhat } from '../../../daemon/probes/shadow-event.ts'
import { lostRecords, probe } from '../support/probe.ts'
import { sysfsPatch } from '../support/raw.ts'

const decode = (record: RawRecord): EventDraft[] => createDecoder().decode(record)
const lost = (count: number): RawRecord => ({ monoNs: '5', source: 'kernel-log', lost: count })
const from = (record: object): RawRecord => record as RawRecord

const shadow = (monoNs: bigint, bytes = 16n): RawRecord =>
  probe('shadow-call', { monoNs, id: 8193n, bytes, what: shadowWhat.allocated })
const ended = (patch: string): RawRecord => probe('transition-ended', { target: 1, patch })

describe('out of range is refused where it is decoded', () => {
  it.each<[string, RawRecord]>([
    ['a loss of 1e308 events', lost(1e308)],
    ['a loss of half an event', lost(0.5)],
    ['a loss of -1 events', lost(-1)],
    ['a loss of more events than a double can count', lost(9007199254740994)],
    ['a loss of "many"', lost('many' as unknown as number)],
    ['a loss of 2^64 - 1 records of the tracer', lostRecords(2n ** 64n - 1n)],
    ['a time after 2262', shadow(8_589_934_591_000_000_000n)],
    ['an uptime of 40 years', shadow(40n * 366n * 86_400_000_000_000n)],
    ['a size of 2^64 - 16', shadow(1n, 2n ** 64n - 16n)],
    ['a wall clock after 2262', { monoNs: '1', source: 'clock', wallNs: '9300000000000000000' }],
    ['a wall clock before 1970', { monoNs: '1', source: 'clock', wallNs: `-${2n ** 61n}` }],
    ['a number of lost kernel messages below zero', { monoNs: '1', source: 'kernel-log', lost: -3 }],
    ['half a lost event of the record', { monoNs: '1', source: 'record', what: 'resumed', lost: 0.5 }],
    ['a record without a time', from({ source: 'clock', wallNs: '1' })],
    ['a record of a time beyond 64 bits', { ...lost(1), monoNs: '9'.repeat(30) }],
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
    const [end] = decode(ended(long))
    expect(end).toMatchObject({ kind: 'transition-completed', patch: 'x'.repeat(512) })
    const [seen] = decode({ monoNs: '1', source: 'sysfs', patches: [sysfsPatch(long, 1, 0)] })
    expect(seen).toMatchObject({ kind: 'patches-observed', patches: [{ name: 'x'.repeat(512) }] })
  })

  it('but nothing that is as long as names can be: a symbol of 511 letters, a command line of 4,000', () => {
    const name = 'f'.repeat(511)
    const [missing] = decode(ended(name))
    expect(missing).toMatchObject({ patch: name })
    const inspected = { monoNs: '1', source: 'procfs-task', tid: 1, requester: false, stack: null } as const
    const [task] = decode({ ...inspected, cmdline: 'c'.repeat(4_000), cgroup: null })
    expect(task).toMatchObject({ commandLine: 'c'.repeat(4_000) })
  })

  it('the name of a record, 5 MB long, in what is said of it', () => {
    const [event] = decode(from({ monoNs: '1', source: 'probe', record: { record: 'r'.repeat(5_000_000) } }))
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
  const wide = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const number = fc.oneof(fc.double(), fc.integer(), fc.maxSafeInteger())
  const record = fc.oneof(
    fc.record({ monoNs: ns, source: fc.constant('clock'), wallNs: ns, bootNs: ns }),
    fc.tuple(wide, wide).map(([monoNs, bytes]) => shadow(monoNs, bytes)),
    fc.tuple(wide, wide).map(([unreserved, monoNs]) => lostRecords(unreserved, monoNs)),
    number.map(lost),
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
      part: fc.constantFrom('tracer', 'observer'),
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
