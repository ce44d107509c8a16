import { describe, expect, it } from 'vitest'
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatMoment,
  formatRate,
  parseTime,
  plural,
} from '../../../daemon/words/format.ts'

describe('formatAge', () => {
  it.each([
    [-5_000, '0 s'],
    [0, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min 00 s'],
    [724_000, '12 min 04 s'],
    [3_600_000, '1 h 00 min'],
    [86_399_000, '23 h 59 min'],
    [90_000_000, '1 d 1 h'],
  ])('%d ms is %s', (ms, text) => expect(formatAge(ms)).toBe(text))
})

describe('formatDuration', () => {
  it.each([
    [0.25, '0.3 ms'],
    [8, '8 ms'],
    [340.4, '340 ms'],
    [999.6, '1.0 s'],
    [1843.2, '1.8 s'],
    [59_949, '59.9 s'],
    [59_980, '1 min 00 s'],
    [61_200, '1 min 01 s'],
  ])('%d ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
})

describe('what is not known', () => {
  it('never reads as zero', () => {
    expect(formatCount(null)).toBe('unknown')
    expect(formatBytes(null)).toBe('unknown')
    expect(formatCount(0)).toBe('0')
  })

  it('is null for a time that cannot be read', () => {
    expect(parseTime('yesterday')).toBeNull()
    expect(parseTime(null)).toBeNull()
  })
})

describe('counts, sizes and rates', () => {
  it('groups digits and agrees in number', () => {
    expect(formatCount(3120)).toBe('3,120')
    expect(plural(1, 'task')).toBe('1 task')
    expect(plural(0, 'patch', 'patches')).toBe('0 patches')
  })

  it.each([
    [512, '512 B'],
    [1536, '1.5 KiB'],
    [204_800, '200 KiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

  it.each([
    [0, '0'],
    [0.04, '< 0.1'],
    [2.34, '2.3'],
    [12_345.6, '12,346'],
  ])('%d per second is %s', (rate, text) => expect(formatRate(rate)).toBe(text))
})

describe('moments', () => {
  const noon = Date.UTC(2026, 2, 7, 12, 0, 0)

  it('reads nanoseconds', () => {
    expect(parseTime('2026-03-07T12:00:00.250999999Z')).toBe(noon + 250)
  })

  it('shows the date only where it is another day', () => {
    expect(formatMoment(noon - 3_600_000, noon, 'utc')).toBe('11:00:00')
    expect(formatMoment(noon - 24 * 3_600_000, noon, 'utc')).toBe('2026-03-06 12:00:00')
  })
})
