import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { duration, paint, print, printJson, printTable, since } from '../../../daemon/cli/text.ts'

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

describe('what is printed', () => {
  let text = ''
  beforeEach(() => {
    text = ''
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      text += chunk
      return true
    })
  })
  afterEach(() => vi.restoreAllMocks())

  it('a table has columns as wide as their widest cell, and no space at the ends of lines', () => {
    printTable(
      ['TID', 'COMM'],
      [
        ['7', 'a'],
        ['12345', 'longer'],
      ],
    )
    expect(text).toBe('TID    COMM\n7      a\n12345  longer\n')
  })

  it('a line is one line, whatever is in it, and a table as many as it has rows', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary' })), (names) => {
        text = ''
        print(...names, paint('red', names.join('')))
        printTable(names, [names, names])
        expect(text.split('\n')).toHaveLength(5)
        expect(text).not.toMatch(/[^\P{C}\n\p{Cn}\p{Co}]|[\u2028\u2029]/u)
      }),
    )
  })

  it('JSON is for programs: parsed, names are the same to the byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        text = ''
        printJson({ name })
        expect(JSON.parse(text)).toEqual({ name })
        expect(text).not.toMatch(/(?!\n)\p{Cc}/u)
      }),
    )
  })
})
