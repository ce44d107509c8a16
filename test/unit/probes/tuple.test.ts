import { describe, expect, it } from 'vitest'
import { Tuple } from '../../../daemon/probes/tuple.ts'

const tuple = (...elements: unknown[]) => new Tuple(['t', ...elements])

it('has to begin with a name', () => {
  expect(() => new Tuple([])).toThrow('does not begin with a name')
  expect(() => new Tuple([1, 'a'])).toThrow('does not begin with a name')
  expect(new Tuple(['idle', 1]).name).toBe('idle')
})

describe('int', () => {
  it.each([
    [0, 0],
    [-98, -98],
    ['17', 17],
    ['-3', -3],
    [true, 1],
    [false, 0],
  ])('reads %j as %j', (element, value) => expect(tuple(element).int()).toBe(value))

  it.each(['', 'x', '0x10', '1.5', 1.5, null, [], {}, 2 ** 53, '9007199254740992'])(
    'refuses %j and names the place',
    (element) => expect(() => tuple(element).int()).toThrow(/^t\[1\] is not a whole number/),
  )
})

it('reads elements in order and says when there are too few', () => {
  const t = tuple(1, 'a', true)
  expect([t.int(), t.string(), t.bool()]).toEqual([1, 'a', true])
  expect(() => t.int()).toThrow('t has 4 elements, more were expected')
})

it.each([1, null, true, ['a']])('does not take %j for a string', (element) =>
  expect(() => tuple(element).string()).toThrow('t[1] is not a string'),
)

it('joins seconds and nanoseconds exactly, beyond what a double holds', () => {
  expect(tuple(4_000_000_000, 123_456_789).monoNs()).toBe('4000000000123456789')
  expect(tuple(0, 5).monoNs()).toBe('5')
})

it('joins the halves of an address exactly', () => {
  expect(tuple(0xffff8881, 0x0423e0c0).address()).toBe('0xffff88810423e0c0')
  expect(tuple(0, 0x1001).address()).toBe('0x1001')
})
