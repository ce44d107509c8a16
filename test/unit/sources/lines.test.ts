import fc from 'fast-check'
import { expect, it } from 'vitest'
import { splitLines } from '../../../daemon/sources/lines.ts'

const split = (chunks: readonly Buffer[]): string[] => {
  const told: string[] = []
  const take = splitLines((lines) => told.push(...lines))
  for (const chunk of chunks) take(chunk)
  return told
}

it('gives the same lines however they were cut into chunks; what is not ended yet waits', () => {
  const line = fc
    .string({ unit: 'binary', maxLength: 30 })
    .filter((text) => !text.includes('\n') && text.trim() !== '')
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 })), (lines, sizes) => {
      const whole = Buffer.from(`${lines.join('\n')}\nnot ended`)
      const chunks: Buffer[] = []
      for (let at = 0, n = 0; at < whole.length; n++) {
        const size = sizes[n % Math.max(1, sizes.length)] ?? whole.length
        chunks.push(whole.subarray(at, at + size))
        at += size
      }
      expect(split(chunks)).toEqual(Buffer.from(lines.join('\n')).toString().split('\n').filter(Boolean))
    }),
    { numRuns: 30 },
  )
}, 60_000)

it('a line without an end takes no more than a bounded room, and the next one is whole', () => {
  const endless = Array.from({ length: 300 }, () => Buffer.alloc(65_536, 'x'))
  const told = split([...endless, Buffer.from('\nnext\n')])
  expect(told).toHaveLength(2)
  expect(told[0]?.length).toBeLessThan(5_000_000)
  expect(told[1]).toBe('next')
})
