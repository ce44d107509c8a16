import { expect, it } from 'vitest'
import { visibleStrings, visibleText } from '../../../daemon/words/visible-text.ts'

it.each([
  ['nginx: worker', 'nginx: worker'],
  ['Zürich 雪 😀', 'Zürich 雪 😀'],
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ['a\nb\tc', 'a\\nb\\tc'],
  ['\u001b[31mred\u0007', '\\e[31mred\\x07'],
  ['evil\u202egnp.exe', 'evil\\u{202e}gnp.exe'],
  ['zero\u200bwidth\ufeff', 'zero\\u{200b}width\\u{feff}'],
  ['lone \ud800 surrogate', 'lone \\u{d800} surrogate'],
])('%j is shown as %j', (text, shown) => expect(visibleText(text)).toBe(shown))

it('reaches every string of a message and leaves the rest alone', () => {
  const state = { comm: 'a\u0000', tid: 7, stack: ['x\u0008'], unit: null, advice: 'one\ntwo\u0007' }
  expect(visibleStrings(state)).toEqual({
    comm: 'a\\x00',
    tid: 7,
    stack: ['x\\x08'],
    unit: null,
    advice: 'one\ntwo\\x07',
  })
})
