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
      const monoNs = `${second}000000000`
      const read = (line: string) =>
        decoder.decode({ monoNs, source: 'function-tracer', what: 'line', run, line })
      read(mapLine('@calls', totals))
      return read(tupleLine('calls.tick', second, 0)) as EventOf<'function-calls'>[]
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

describe('of a function whose patch is gone', () => {
  const inventory = (decoder: ReturnType<typeof createDecoder>, second: number, patch: string | null) => {
    const records: unknown[][] = [['inventory.begin', 1]]
    if (patch !== null) {
      records.push(['inventory.patch', patch, 1, 0, 0])
      records.push(['inventory.object', '', 1, 0, 0, 1], ['inventory.callbacks', 0, 0, 0, 0, 0, 0, 0, 0])
      records.push(['inventory.func', 'f', 0, 0, 9, 0, 1, 0, 1, 0, 0, 50, 0, 60, 0, 60])
    }
    const seen = patch === null ? 0 : 1
    records.push(['inventory.end', second, 0, 1, seen, 0, seen, seen, 1])
    return records.flatMap((record) => decoder.decode(bpftrace(tupleLine(...record))))
  }
  const end = (second: number, patch: string, target: 0 | 1) =>
    bpftrace(tupleLine('transition.end', second, 0, patch, target))

  it('calls are told up to the second it went, and of that one not as old code', () => {
    const counter = aCounter()
    inventory(counter.decoder, 1, 'p')
    counter.attach(1)
    counter.decoder.decode(end(12, 'p', 0))
    const events = counter.tick(1, 15, { '0,0,3': 4, '0,1,3': 4, '0,0,4': 6, '0,0,5': 7 })
    expect(told(events)).toEqual([
      [11, [4, 4, null]],
      [12, [6, 0, null]],
    ])
    expect(counter.tick(1, 16, { '0,0,3': 4, '0,1,3': 4, '0,0,4': 6, '0,0,5': 7, '0,0,6': 9 })).toEqual([])
  })

  it('calls are not told either when a walk alone shows that it went', () => {
    const counter = aCounter()
    inventory(counter.decoder, 1, 'p')
    counter.attach(1)
    inventory(counter.decoder, 12, null)
    expect(told(counter.tick(1, 16, { '0,0,5': 7 }))).toEqual([])
  })

  it('the next patch has only its own, which a tracer of its own counts', () => {
    const counter = aCounter()
    inventory(counter.decoder, 1, 'p')
    counter.attach(1)
    counter.decoder.decode(end(12, 'p', 0))
    inventory(counter.decoder, 13, 'q')
    expect(told(counter.tick(1, 18, { '0,0,6': 5, '0,1,6': 5 }))).toEqual([])
    counter.attach(2, 19)
    counter.end(1)
    expect(told(counter.tick(2, 22, { '0,0,4': 3, '0,1,4': 3 }))).toEqual([[20, [3, 3, 0]]])
  })

  it('while another patch still has it, it is counted on', () => {
    const counter = aCounter()
    inventory(counter.decoder, 1, 'p')
    counter.attach(1)
    counter.decoder.decode(end(12, 'another', 0))
    expect(told(counter.tick(1, 16, { '0,0,5': 7, '0,1,5': 7 }))).toEqual([[13, [7, 7, 0]]])
  })
})

describe('a sum that cannot be', () => {
  const counting = (status: 'starting' | 'on') => ({
    source: 'function-tracer' as const,
    what: 'counting' as const,
    budgetPerS: 100,
    functions: [{ object: 'vmlinux', function: 'f', status }],
  })

  it('is never told: the function is not counted any more, and why', () => {
    const counter = aCounter()
    counter.decoder.decode({ monoNs: '1', ...counting('on') })
    counter.attach(1)
    expect(counter.tick(1, 12, { '0,0,2': 2, '0,1,2': 3 })).toMatchObject([
      {
        kind: 'function-counting-changed',
        functions: [
          {
            status: 'unavailable',
            reason: expect.stringMatching(/^not exact: 2 calls .* enter .* 3 to reach/),
          },
        ],
      },
    ])
    expect(counter.tick(1, 14, { '0,0,2': 2, '0,1,2': 3, '0,0,4': 9, '0,1,4': 1 })).toEqual([])
  })

  it('stays so while the function is patched, and is forgotten with its patch', () => {
    const counter = aCounter()
    counter.attach(1)
    counter.tick(1, 12, { '0,0,2': 2, '0,1,2': 3 })
    expect(counter.decoder.decode({ monoNs: '1', ...counting('on') })).toMatchObject([
      { functions: [{ status: 'unavailable' }] },
    ])
    counter.decoder.decode({ monoNs: '1', ...counting('on'), functions: [] })
    expect(counter.decoder.decode({ monoNs: '1', ...counting('on') })).toMatchObject([
      { functions: [{ status: 'on' }] },
    ])
  })
})

describe('counts from before everything was attached', () => {
  it('are not taken for later calls, though they are in the same place modulo eight', () => {
    const counter = aCounter()
    counter.attach(1, 12)
    // Of seconds 4 and 11; read in second 11, when nothing of 12 can have been counted.
    counter.tick(1, 11, { '0,0,4': 5, '0,1,4': 9, '0,0,3': 1 })
    expect(told(counter.tick(1, 14, { '0,0,4': 7, '0,1,4': 11, '0,0,3': 1 }))).toEqual([[12, [2, 2, 0]]])
  })
})
