import { describe, expect, it } from 'vitest'
import { duration, printable, since, table } from '../../../daemon/cli/text.ts'

describe('duration', () => {
  it.each([
    [0, '0 ms'],
    [0.4, '0 ms'],
    [870, '870 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [4_249, '4.2 s'],
    [59_900, '59.9 s'],
    [60_000, '1 min 0 s'],
    [192_999, '3 min 12 s'],
    [3_599_999, '59 min 59 s'],
    [3_600_000, '1 h 0 min'],
    [90_061_000, '25 h 1 min'],
  ])('%d ms is %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text))
})

it('since counts from one time to another, never below zero', () => {
  expect(since('2026-11-20T10:00:00.000000000Z', '2026-11-20T10:03:12.000000000Z')).toBe('3 min 12 s')
  expect(since('2026-11-20T10:00:01.000000000Z', '2026-11-20T10:00:00.000000000Z')).toBe('0 ms')
})

describe('printable', () => {
  it.each([
    ['klpt-sleeper', 'klpt-sleeper'],
    ['a\nb', 'a\\x0ab'],
    ['\x1b[31mred', '\\x1b[31mred'],
    ['\x9b31m', '\\x9b31m'],
    ['\x7f\0', '\\x7f\\x00'],
    ['größer 端', 'größer 端'],
  ])('%j is shown as %j', (text, shown) => expect(printable(text)).toBe(shown))
})

describe('table', () => {
  it('has columns as wide as their widest cell, and no space at the ends of lines', () => {
    expect(
      table(
        ['TID', 'COMM'],
        [
          ['7', 'a'],
          ['12345', 'longer'],
        ],
      ).split('\n'),
    ).toEqual(['TID    COMM', '7      a', '12345  longer'])
  })

  it('with nothing in it is its head', () => expect(table(['A', 'B'], [])).toBe('A  B'))

  it('no cell can break a line or reach the terminal', () => {
    const text = table(['COMM', 'X'], [['a\nb\x1b[2J', 'x']])
    expect(text.split('\n')).toHaveLength(2)
    expect(text).not.toContain('\x1b')
  })
})
