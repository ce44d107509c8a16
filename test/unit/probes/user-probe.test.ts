import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventSchema } from '../../../daemon/contract/event.ts'
import { userFieldsMost, userValuesLength } from '../../../daemon/contract/user-probe.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import { describeEvent } from '../../../daemon/words/describe-event.ts'
import { observing } from '../support/fold.ts'

const decode = (line: string) =>
  createDecoder().decode({ monoNs: '5', source: 'user-probe', probe: 'mine', line })
const custom = { kind: 'custom', monoNs: '5', probe: 'mine' } as const
const message = (type: string, data: unknown) => JSON.stringify({ type, data })

describe('what a user’s own probe prints', () => {
  it.each([
    ['a line', message('printf', 'hello\n'), { what: 'line', fields: [{ value: 'hello' }] }],
    [
      'several lines',
      message('printf', 'a\nb\n'),
      { what: 'line', fields: [{ value: 'a' }, { value: 'b' }] },
    ],
    ['a time', message('time', '14:42:30\n'), { what: 'line', fields: [{ value: '14:42:30' }] }],
    [
      'a tuple',
      '{"type": "value", "data": [1,"x",true,18446744073709551615,["in",2]]}',
      {
        what: 'tuple',
        fields: [1, 'x', true, '18446744073709551615', '["in",2]'].map((value) => ({ value })),
      },
    ],
    ['a single value', message('value', 7), { what: 'tuple', fields: [{ value: 7 }] }],
    [
      'a structure',
      message('value', { pid: 1, comm: 'init' }),
      {
        what: 'tuple',
        fields: [
          { name: 'pid', value: 1 },
          { name: 'comm', value: 'init' },
        ],
      },
    ],
    [
      'a map',
      message('map', { '@m': { x: 1, '2,y': 3 } }),
      {
        what: 'map',
        map: '@m',
        fields: [
          { name: 'x', value: 1 },
          { name: '2,y', value: 3 },
        ],
      },
    ],
    [
      'a map by stacks',
      message('map', { '@s': { 'cat,\n    f+1\n    g+2\n': 1 } }),
      { what: 'map', map: '@s', fields: [{ name: 'cat, f+1 g+2', value: 1 }] },
    ],
    ['a map without keys', message('map', { '@n': 3 }), { what: 'map', map: '@n', fields: [{ value: 3 }] }],
    [
      'a histogram',
      message('hist', { '@h': [{ min: 4, max: 7, count: 1 }] }),
      { what: 'map', map: '@h', fields: [{ name: '4..7', value: 1 }] },
    ],
    [
      'a complaint of bpftrace',
      '{"type": "helper_error", "msg": "no"}',
      { what: 'line', fields: [{ value: '{"type":"helper_error","msg":"no"}' }] },
    ],
    ['what is no JSON', 'WARNING: \u001b[31m', { what: 'line', fields: [{ value: 'WARNING: \\x1b[31m' }] }],
  ])('%s', (_, line, said) => expect(decode(line)).toEqual([{ ...custom, ...said }]))

  it('that its probes are about to be attached is no event', () =>
    expect(decode(message('attached_probes', { probes: 2 }))).toEqual([]))

  it('is made printable, in values, keys and names', () =>
    expect(decode(message('map', { '@\u0007': { '\u202ek': 'a\u0000b' } }))).toEqual([
      { ...custom, what: 'map', map: '@\\x07', fields: [{ name: '\\xe2\\x80\\xaek', value: 'a\\x00b' }] },
    ]))

  it('tells only so many fields, and how many more there were', () => {
    const keys = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, index]))
    const [event] = decode(message('map', { '@m': keys }))
    expect(event).toMatchObject({ omitted: 100 - userFieldsMost })
    expect(event).toHaveProperty('fields.length', userFieldsMost)
  })

  it('whatever it is, is an event of the form the contract promises, and short', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc
            .tuple(fc.constantFrom('value', 'printf', 'map', 'hist', 'lost_events', 'x'), fc.jsonValue())
            .map(([type, data]) => message(type, data)),
          fc
            .dictionary(fc.string(), fc.string({ maxLength: 3_000 }))
            .map((held) => message('map', { '@m': held })),
        ),
        (line) => {
          for (const draft of decode(line)) {
            expect(draft.kind).not.toBe('decode-failed')
            expect(eventSchema.safeParse({ ...draft, seq: 1, time: 't' }).error).toBeUndefined()
            expect(JSON.stringify(draft).length).toBeLessThan(3 * userValuesLength)
          }
        },
      ),
    ))
})

describe('what a user’s own probe loses', () => {
  it('is counted by its name, by bpftrace’s word', () =>
    expect(decode(message('lost_events', { events: 12 }))).toEqual([
      {
        kind: 'events-lost',
        monoNs: '5',
        source: 'probe mine',
        count: 12,
        reason: 'bpftrace could not read them as fast as they came',
      },
    ]))

  it('is counted by its name, by ours', () =>
    expect(
      createDecoder().decode({ monoNs: '5', source: 'user-probe', probe: 'mine', lost: 3, reason: 'why' }),
    ).toEqual([{ kind: 'events-lost', monoNs: '5', source: 'probe mine', count: 3, reason: 'why' }]))
})

describe('to the rest of the state', () => {
  const before = observing().state()
  const folded = (...drafts: ReturnType<typeof decode>) =>
    drafts.reduce((state, draft) => reduce(state, numberEvent(state, draft))[0], before)

  it.each([
    ['what it prints', message('map', { '@m': { x: 1 } })],
    ['what it loses', message('lost_events', { events: 12 })],
  ])('%s says nothing', (_, line) => {
    const { seq, time, monoNs, ...rest } = folded(...decode(line))
    expect(seq).toBe(before.seq + 1)
    expect([time, monoNs]).not.toEqual([before.time, before.monoNs])
    for (const [slice, value] of Object.entries(rest))
      expect(value, slice).toBe(before[slice as keyof typeof rest])
  })

  it('its gaps are of no concern to what the tracer sees', () => {
    const gap = createDecoder().decode({
      monoNs: '9000000000',
      source: 'tracer',
      what: 'gap',
      part: 'probe mine',
      fromMonoNs: '8000000000',
      reason: 'it failed',
    })
    const { tracer } = folded(...gap)
    expect(tracer.status).toBe('observing')
    expect(tracer.gaps[0]).toMatchObject({ source: 'probe mine', seen: 'most', reason: 'it failed' })
  })
})

it('is described in a sentence', () => {
  const sentences = [
    message('printf', 'a\nb\n'),
    message('value', [1, 'x']),
    message('map', { '@m': { x: 1, y: 2 } }),
    message('map', { '@n': 3 }),
    message('lost_events', { events: 2 }),
  ].flatMap((line) => decode(line).map((draft) => describeEvent({ ...draft, seq: 1, time: '' } as never)))
  expect(sentences).toEqual([
    'mine: a / b',
    'mine: (1, x)',
    'mine: @m = x: 1, y: 2',
    'mine: @n = 3',
    '2 events from probe mine were lost: bpftrace could not read them as fast as they came.',
  ])
})
