import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { btfOfImage, findBtf } from '../../lab/kernel-btf.ts'
import { missingForOthers } from '../bpf/can-build.ts'

const types = 120_000
const strings = 110_000

/** A BTF of zeros behind a header in either byte order. */
const btf = (big: boolean, ofTypes = types): Buffer => {
  const bytes = Buffer.alloc(24 + ofTypes + strings)
  const words = [24, 0, ofTypes, ofTypes, strings]
  bytes.set(big ? [0xeb, 0x9f, 1, 0] : [0x9f, 0xeb, 1, 0])
  for (const [index, word] of words.entries())
    big ? bytes.writeUInt32BE(word, 4 + 4 * index) : bytes.writeUInt32LE(word, 4 + 4 * index)
  return bytes
}

const code = Buffer.alloc(1000, 'code')

describe.each([
  ['little-endian', false],
  ['big-endian', true],
] as const)('a %s BTF', (_, big) => {
  it('is found in an unpacked image, whole, and not mistaken for another with the same first bytes', () => {
    const small = btf(big, 10)
    const image = Buffer.concat([code, small.subarray(0, 24), code, btf(big), code])
    expect(findBtf(image)?.equals(btf(big))).toBe(true)
    expect(findBtf(Buffer.concat([code, small, code]))).toBeUndefined()
    expect(findBtf(Buffer.concat([code, btf(big).subarray(0, -1)]))).toBeUndefined()
  })

  it.skipIf(missingForOthers).each(['xz', 'zstd'])(
    'is found in an image that is packed with %s behind the code that unpacks it',
    async (program) => {
      const packed = execFileSync(program, ['-c'], { input: Buffer.concat([code, btf(big), code]) })
      const image = Buffer.concat([code, packed.subarray(0, 6), code, packed, code])
      expect((await btfOfImage(image))?.equals(btf(big))).toBe(true)
    },
  )
})
