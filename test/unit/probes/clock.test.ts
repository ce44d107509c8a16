import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { createClockWatch } from '../../../daemon/sources/clock.ts'

const ms = 1_000_000
/** At so many ms of the monotonic clock: the wall clock at that, the host having slept for so many ms in all. */
const clock = (monoMs: number, offsetMs: number, sleptMs?: number): RawRecord => ({
  monoNs: String(monoMs * ms),
  source: 'clock',
  wallNs: String((monoMs + offsetMs) * ms),
  ...(sleptMs === undefined ? {} : { bootNs: String((monoMs + sleptMs) * ms) }),
})
const told = (...records: RawRecord[]) => {
  const decoder = createDecoder()
  return records.map((record) =>
    decoder
      .decode(record)
      .map((event) => (event.kind === 'clock-mapped' ? [Number(event.offsetNs) / ms, event.cause] : event)),
  )
}

describe('wall clock and monotonic clock', () => {
  it('are mapped once, and again when they are 10 ms apart, forward or back', () =>
    expect(told(clock(0, 1000), clock(1000, 1009), clock(1001, 1010), clock(1002, 1000))).toEqual([
      [[1000, 'first']],
      [],
      [[1010, 'drifted']],
      [[1000, 'set']],
    ]))

  it('that drift are mapped now and then', () => {
    const samples = Array.from({ length: 50 }, (_, index) => clock(index * 10_000, 1000 + index * 4))
    const mapped = told(...samples).flat()
    expect(mapped.slice(0, 3)).toEqual([
      [1000, 'first'],
      [1012, 'drifted'],
      [1024, 'drifted'],
    ])
    expect(mapped).toHaveLength(17)
  })

  it('a wall clock that is set is told from a host that slept', () => {
    const decoder = createDecoder()
    const events = [clock(0, 1000, 0), clock(10_000, 61_000, 0), clock(20_000, 121_000, 60_000)].flatMap(
      (record) => decoder.decode(record),
    )
    expect(events).toMatchObject([
      { cause: 'first' },
      { cause: 'set' },
      { cause: 'suspended', suspendedNs: String(60_000 * ms) },
    ])
    expect(events[1]).not.toHaveProperty('suspendedNs')
  })

  it('told without CLOCK_BOOTTIME, as by older recordings, are mapped too', () =>
    expect(told(clock(0, 1000), clock(10_000, 61_000)).flat()).toEqual([
      [1000, 'first'],
      [61_000, 'set'],
    ]))
})

describe('watching the clocks', () => {
  it('tells them once, exactly to the millisecond, and again only after a while', async () => {
    const watch = createClockWatch()
    const first = watch()
    if (first?.source !== 'clock') throw new Error('nothing was told')
    expect(Math.abs(Number(first.wallNs) / 1e6 - Date.now())).toBeLessThan(50)
    expect(BigInt(first.wallNs) % BigInt(ms), 'at the beginning of a millisecond').toBe(0n)
    expect(Math.abs(Number(first.monoNs) - Number(process.hrtime.bigint()))).toBeLessThan(50 * ms)
    expect(Number(first.bootNs)).toBeGreaterThanOrEqual(Number(first.monoNs) - 10 * ms)
    await sleep(20)
    expect(watch()).toBeNull()
  })
})
