import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { parseBound, parseCount, parseNumber } from '../../../daemon/cli/number-argument.ts'

const seconds = parseNumber(0.5, 'a number of seconds')
const days = parseBound(1, 'a number of days')

describe('a number of a flag', () => {
  it.each(['0.5', '10', '1e3'])('takes %j', (text) => expect(seconds(text)).toBe(Number(text)))
  it.each(['', ' ', '0.4', '-1', 'ten', '1s', 'Infinity', 'NaN'])(
    'refuses %j, and says what it takes',
    (text) => {
      expect(() => seconds(text)).toThrow(InvalidArgumentError)
      expect(() => seconds(text)).toThrow('a number of seconds, 0.5 or more')
    },
  )
})

describe('a bound', () => {
  it.each(['none', '0'])('is none by %j', (text) => expect(days(text)).toBeNull())
  it('is a number otherwise', () => expect(days('30')).toBe(30))
  it.each(['', '0.5', 'never'])('refuses %j, and says that there may be none', (text) =>
    expect(() => days(text)).toThrow('a number of days, 1 or more, or none'),
  )
})

describe('a count', () => {
  it('is whole', () => expect(parseCount('3')).toBe(3))
  it.each(['', '0', '-1', '1.5', 'x'])('refuses %j', (text) =>
    expect(() => parseCount(text)).toThrow(InvalidArgumentError),
  )
})
