import fc from 'fast-check'
import { expect, it } from 'vitest'
import { printable } from '../../../daemon/raw/printable.ts'

it.each([
  ['the end is the first NUL', [0x61, 0x62, 0, 0x63], 'ab'],
  ['a name may fill its field', [0x61, 0x62], 'ab'],
  ['UTF-8 stays', [...Buffer.from('größe')], 'größe'],
  ['other bytes are spelt out', [0x61, 0xff, 0x0a], 'a\\xff\\x0a'],
  ['so is what moves a cursor', [...Buffer.from('a\u001b[2Jb')], 'a\\x1b[2Jb'],
  ['and what turns the direction of writing', [...Buffer.from('a\u202eb')], 'a\\xe2\\x80\\xaeb'],
])('%s', (_, bytes, text) => expect(printable(Uint8Array.from(bytes))).toBe(text))

it('whatever the bytes are, nothing in it ends a line or begins an escape', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(printable(bytes)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
    }),
  )
})
