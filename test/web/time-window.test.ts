import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeOf, spans, ticksOf, timeAt, windowAround } from '../../web/time-window.ts'

const hour = 3_600_000
const day = 24 * hour
const record = { from: 10 * day, to: 20 * day }

describe('the window of the time bar', () => {
  it('shows the moment, lies within the record, and is as long as asked', () => {
    const anyCase = fc.record({
      length: fc.integer({ min: 0, max: 30 * day }),
      span: fc.constantFrom(...spans.map(({ ms }) => ms)),
      place: fc.double({ min: 0, max: 1, noNaN: true }),
      follows: fc.boolean(),
    })
    fc.assert(
      fc.property(anyCase, ({ length, span, place, follows }) => {
        const extent = { from: 1e12, to: 1e12 + length }
        const at = follows ? extent.to : extent.from + place * length
        const window = windowAround(extent, span, at, null, follows)
        expect(window.from).toBeLessThanOrEqual(at)
        expect(window.to).toBeGreaterThanOrEqual(at)
        expect(window.to).toBeLessThanOrEqual(extent.to)
        expect(window.to - window.from).toBeCloseTo(Math.min(span, Math.max(10_000, length)))
      }),
    )
  })

  it('stays where it is while the moment is in it', () => {
    const before = windowAround(record, hour, 15 * day, null, false)
    expect(windowAround(record, hour, 15 * day + hour / 4, before, false)).toEqual(before)
    const moved = windowAround(record, hour, 16 * day, before, false)
    expect(placeOf(moved, 16 * day)).toBe(0.5)
  })

  it('ends with the record in the present', () =>
    expect(windowAround(record, hour, record.to, null, true)).toEqual({
      from: record.to - hour,
      to: record.to,
    }))

  it('places and times are each other’s inverse', () =>
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (place) => {
        expect(placeOf(record, timeAt(record, place))).toBeCloseTo(place)
      }),
    ))
})

describe('ticks', () => {
  it.each(spans.filter(({ ms }) => Number.isFinite(ms)))('over $label are round, and few', ({ ms }) => {
    const ticks = ticksOf({ from: 1e12 + 1234, to: 1e12 + 1234 + ms }, 6, 0)
    expect(ticks.length).toBeGreaterThan(1)
    expect(ticks.length).toBeLessThanOrEqual(7)
    for (const tick of ticks) expect(tick % 1000).toBe(0)
  })

  it('of days are at the reader’s midnight', () => {
    const offset = 5.5 * hour
    const [first] = ticksOf({ from: 0, to: 6 * day }, 6, offset)
    expect((first! + offset) % day).toBe(0)
  })
})
