import { expect, it } from 'vitest'
import { isCut, isNameOf, longNames, wholeName } from '../../../daemon/probes/cut-names.ts'

const whole = `${'f'.repeat(60)}_and_its_tail`
const cut = whole.slice(0, 63)

it('a name that was cut is whole where exactly one begins so, and else is seen to be cut', () => {
  expect(wholeName(cut, ['g', whole])).toBe(whole)
  expect(wholeName(cut, [whole, `${cut}_of_another`])).toBe(`${cut}…`)
  expect(wholeName(cut, [])).toBe(`${cut}…`)
  expect(wholeName('short', ['short_and_more'])).toBe('short')
})

it.each([
  [62, false],
  [63, true],
  [64, false],
  [127, true],
])('a string of %d characters may be cut: %s', (length, expected) =>
  expect(isCut('x'.repeat(length))).toBe(expected),
)

it('only names that may be cut are worth remembering', () =>
  expect([...longNames(['short', whole])]).toEqual([whole]))

it('what was printed names a function when it is its name, or a cut beginning of it', () => {
  expect([isNameOf(cut, whole), isNameOf(whole, whole), isNameOf('f', whole)]).toEqual([true, true, false])
})

it('what the newest bpftrace cuts, it ends with two dots', () => {
  const long = `klpt_${'long_name_of_a_template_'.repeat(7)}instance`
  const printed = `${long.slice(0, 128)}..`
  expect([isCut(printed), isNameOf(printed, long)]).toEqual([true, true])
  expect(wholeName(printed, [long])).toBe(long)
  expect(wholeName(printed, [])).toBe(`${long.slice(0, 128)}…`)
  expect([isCut('two.dots..'), wholeName('two.dots..', [long])]).toEqual([false, 'two.dots..'])
})
