import { expect, it } from 'vitest'
import { frameSymbol, isFrameOf } from '../../../daemon/words/stack-frame.ts'

it.each([
  ['[<0>] klpt_wait+0x1f/0x40 [klpt_target]', 'klpt_wait'],
  ['klpt_wait+0x1f/0x40', 'klpt_wait'],
  [' ? ret_from_fork+0x34/0x50', 'ret_from_fork'],
  ['klpt_wait', 'klpt_wait'],
  ['', null],
  ['???', null],
])('the symbol of %j is %j', (line, symbol) => expect(frameSymbol(line)).toBe(symbol))

it('marks the function and its compiler-made clones, not namesakes', () => {
  expect(isFrameOf('[<0>] klpt_wait+0x1f/0x40', 'klpt_wait')).toBe(true)
  expect(isFrameOf('[<0>] klpt_wait.isra.0+0x1f/0x40', 'klpt_wait')).toBe(true)
  expect(isFrameOf('[<0>] klpt_wait_long+0x1f/0x40', 'klpt_wait')).toBe(false)
  expect(isFrameOf('[<0>] klpt_wait+0x1f/0x40', null)).toBe(false)
})
