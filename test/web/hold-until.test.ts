import { expect, it } from 'vitest'
import { holdUntil } from '../../web/charts/hold-until.ts'

const series = (times: number[], values: (number | null)[]) => ({ name: 'shadow-live:0x1', times, values })

it('a value holds until now', () =>
  expect(holdUntil(series([1, 2], [5, 4]), 9)).toEqual(series([1, 2, 9], [5, 4, 4])))

it('zero is a value', () => expect(holdUntil(series([1], [0]), 9)).toEqual(series([1, 9], [0, 0])))

it.each([
  ['has ended', series([1, 2], [5, null])],
  ['is empty', series([], [])],
  ['goes to now, or beyond', series([1, 9], [5, 4])],
])('a line that %s stays as it is', (_, line) => expect(holdUntil(line, 9)).toBe(line))
