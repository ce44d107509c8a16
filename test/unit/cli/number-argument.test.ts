import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { parseBound, parseCount, parseNumber } from '../../../daemon/cli/number-argument.ts'

const seconds = parseNumber(0.5, 1_000, 'a number of seconds')
const days = parseBound(1, 100, 'a number of days')
const notNumbers = [
  '',
  ' ',
  '0x10',
  '0b1',
  '1_000',
  '1,5',
  'ten',
  '1s',
  ' 7',
  '7 ',
  '٣',
  'Infinity',
  'NaN',
  'null',
]
const outOfBounds = ['0', '-0', '0.4', '-1', '1000.5', '1e400', '-1e400']

describe('a number of a flag', () => {
  it.each(['0.5', '10', '1e3', '+7', '.5', '7.'])('takes %j', (text) =>
    expect(seconds(text)).toBe(Number(text)),
  )
  it.each([...notNumbers, ...outOfBounds, 'none'])('refuses %j, and says what it takes', (text) => {
    expect(() => seconds(text)).toThrow(InvalidArgumentError)
    expect(() => seconds(text)).toThrow('a number of seconds, 0.5 to 1000')
  })
})

describe('a bound', () => {
  it('is infinite by none', () => expect(days('none')).toBe(Number.POSITIVE_INFINITY))
  it('is a number otherwise', () => expect(days('30')).toBe(30))
  it.each([...notNumbers, ...outOfBounds])('refuses %j, and says that there may be none', (text) =>
    expect(() => days(text)).toThrow('a number of days, 1 to 100, or none'),
  )
})

describe('a count', () => {
  it.each(['1', '3', '10'])('is whole: %j', (text) => expect(parseCount(10)(text)).toBe(Number(text)))
  it.each([...notNumbers, ...outOfBounds, '1.5', '11'])('refuses %j', (text) =>
    expect(() => parseCount(10)(text)).toThrow(InvalidArgumentError),
  )
})
