import { describe, expect, it } from 'vitest'
import { formatTime } from '../../../daemon/core/time.ts'
import { instant } from '../../../daemon/serve/instant.ts'

const problemOf = (text: string) => instant.safeParse(text).error?.issues[0]?.message

describe('a moment in a query', () => {
  it.each([
    '1678-01-01T00:00:00Z',
    '1969-12-31T23:59:59.999999999Z',
    '2026-11-20T03:31:07.25Z',
    '2024-02-29T12:00:00+05:30',
    '2261-12-31T23:59:59.999999999Z',
  ])('%s is one that SQLite can hold', (text) => {
    const ns = instant.parse(text)
    expect(ns).toBeGreaterThan(-(2n ** 63n))
    expect(ns).toBeLessThan(2n ** 63n)
    expect(Date.parse(formatTime(ns))).toBe(Date.parse(text))
  })

  it.each([
    '0001-01-01T00:00:00Z',
    '1677-09-21T00:12:43Z',
    '1677-12-31T23:59:59Z',
    '2262-04-12T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '1678-01-01T00:00:00+23:59',
  ])('%s is too far away', (text) => expect(problemOf(text)).toMatch(/outside the years 1678 to 2261/))

  it.each(['2026-02-30T00:00:00Z', '2025-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-11-20T25:00:00Z'])(
    '%s is on no calendar',
    (text) => expect(problemOf(text)).toMatch(/on no calendar/),
  )

  it.each(['', 'yesterday', '2026-11-20', '1e400', '9'.repeat(5_000)])('%j is no time', (text) =>
    expect(problemOf(text)).toMatch(/is not an RFC 3339 time/),
  )

  it('says how to write a +, which a query turns into a blank', () =>
    expect(problemOf('2026-11-20T00:00:00 02:00')).toMatch(/%2B/))
})
