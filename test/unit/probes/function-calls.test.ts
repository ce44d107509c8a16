import { describe, expect, it } from 'vitest'
import type { EventOf } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawFunctionTracer } from '../../../daemon/probes/raw-record.ts'
import { bpftrace, mapLine, tupleLine } from '../support/raw.ts'

const counted = { object: 'vmlinux', function: 'f', replacements: ['0x1'] }

/** A decoder fed by one or two runs of bpf/function-calls.bt. */
const aCounter = () => {
  const decoder = createDecoder()
  const take = (record: RawFunctionTracer) => decoder.decode({ monoNs: '1', ...record })
  return {
    decoder,
    attach: (run: number, fromSecond = 0) =>
      take({ source: 'function-tracer', what: 'attached', run, fromSecond, functions: [counted] }),
    end: (run: number) => take({ source: 'function-tracer', what: 'ended', run }),
    tick: (run: number, second: number, totals: Record<string, number>) => {
      take({ source: 'function-tracer', what: 'line', run, line: mapLine('@calls', totals) })
      const line = tupleLine('calls.tick', second, 0)
      return take({ source: 'function-tracer', what: 'line', run, line }) as EventOf<'function-calls'>[]
    },
  }
}
const told = (events: EventOf<'function-calls'>[]) =>
  events.map(({ second, calls }) => [
    second,
    ...calls.map((call) => [call.entered, call.redirected, call.old]),
  ])

describe('calls of a function', () => {
  it('are told by second, once the second is settled', () => {
    const counter = aCounter()
    counter.attach(1)
    expect(told(counter.tick(1, 11, { '0,0,2': 5, '0,1,2': 3 }))).toEqual([])
    expect(told(counter.tick(1, 12, { '0,0,2': 5, '0,1,2': 3 }))).toEqual([[10, [5, 3, 2]]])
  })

  it('are the difference to what was told of the same second modulo eight', () => {
    const counter = aCounter()
    counter.attach(1)
    counter.tick(1, 12, { '0,0,2': 5, '0,1,2': 5 })
    expect(told(counter.tick(1, 20, { '0,0,2': 9, '0,1,2': 9 })).at(-1)).toEqual([18, [4, 4, 0]])
  })

  it('end with zeros', () => {
    const counter = aCounter()
    counter.attach(1)
    counter.tick(1, 12, { '0,0,2': 1, '0,1,2': 1 })
    expect(told(counter.tick(1, 13, { '0,0,2': 1, '0,1,2': 1 }))).toEqual([[11, [0, 0, 0]]])
    expect(counter.tick(1, 14, { '0,0,2': 1, '0,1,2': 1 })).toEqual([])
  })

  it('in flight over the end of a second are old for it, and not twice', () => {
    const counter = aCounter()
    counter.attach(1)
    expect(told(counter.tick(1, 12, { '0,0,2': 2, '0,1,2': 1 }))).toEqual([[10, [2, 1, 1]]])
    expect(told(counter.tick(1, 13, { '0,0,2': 2, '0,1,2': 1, '0,0,3': 1, '0,1,3': 2 }))).toEqual([
      [11, [1, 2, 0]],
    ])
  })

  it('are told by the old tracer up to the first second of the new one, and by the new one from there', () => {
    const counter = aCounter()
    counter.attach(1)
    counter.attach(2, 11)
    counter.tick(1, 12, { '0,0,2': 3, '0,1,2': 3, '0,0,3': 4, '0,1,3': 4 })
    const events = counter.tick(2, 13, { '0,0,2': 1, '0,1,2': 1, '0,0,3': 4, '0,1,3': 4 })
    expect(told(events)).toEqual([[11, [4, 4, 0]]])
    counter.end(1)
    expect(counter.tick(1, 14, { '0,0,4': 9 })).toEqual([])
  })

  it('of a replacement that no probe sees yet are not called old', () => {
    const counter = aCounter()
    counter.attach(1)
    const start = tupleLine('transition.start', 10, 500, 'p2', 1, 1, 5, 5, 'insmod', 1, 'bash')
    counter.decoder.decode(bpftrace(start))
    expect(told(counter.tick(1, 12, { '0,0,1': 2, '0,1,1': 1, '0,0,2': 4, '0,1,2': 1 }))).toEqual([
      [9, [2, 1, 1]],
      [10, [4, 1, null]],
    ])
  })

  it('that cannot be read are a failure on the record', () => {
    const counter = aCounter()
    counter.attach(1)
    const record = { source: 'function-tracer', what: 'line', run: 1, line: 'nonsense' } as const
    expect(counter.decoder.decode({ monoNs: '1', ...record })).toMatchObject([{ kind: 'decode-failed' }])
  })
})
