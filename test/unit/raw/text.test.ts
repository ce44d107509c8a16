import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readText } from '../../../daemon/raw/text.ts'
import { TracerStream } from '../../../daemon/raw/tracer-stream.ts'
import { frameBytes } from '../support/frame-bytes.ts'

const payload = (source: number, flags: number, text: string | Uint8Array): Buffer => {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(source, 0)
  header.writeUInt32LE(flags, 4)
  header.writeBigUInt64LE(77n, 8)
  return Buffer.concat([header, Buffer.from(text)])
}

it('a line of the kernel log is passed on, with the lines that belong to it', () => {
  const [message] = new TracerStream().read(
    frameBytes('text', payload(1, 16, '6,12,345,-;livepatch: enabling\n SUBSYSTEM=x')),
  )
  expect(message).toEqual({
    type: 'text',
    source: 'kernel-log',
    monoNs: 77n,
    text: '6,12,345,-;livepatch: enabling\n SUBSYSTEM=x',
    cut: false,
    unreadable: false,
    incomplete: false,
    lost: 0,
    earlier: true,
  })
})

it.each([
  [1, 1, 'x', { source: 'kernel-log', cut: true }],
  [1, 2, '', { source: 'kernel-log', unreadable: true }],
  [3, 4, '', { source: 'enabled-functions-end', incomplete: true }],
  [1, 8, '41', { source: 'kernel-log', lost: 41 }],
  // That there were some is certain.
  [1, 8, 'x', { source: 'kernel-log', lost: 1 }],
  [2, 0, new Uint8Array([0x41, 0x1b, 0xff]), { source: 'enabled-functions', text: 'A\\x1b\\xff' }],
])('source %i with flags %i', (source, flags, text, expected) => {
  expect(readText(payload(source, flags, text), true)).toMatchObject(expected)
})

it('any bytes are a text, or said not to be understood', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 5 }), (bytes, source) => {
      const whole = Buffer.from(bytes)
      if (whole.length >= 4) whole.writeUInt32LE(source, 0)
      const [message] = new TracerStream().read(frameBytes('text', whole))
      const known = whole.length >= 16 && source >= 1 && source <= 3
      expect(message?.type).toBe(known ? 'text' : 'not-understood')
      if (message?.type === 'text') expect(message.text).toMatch(/^[^\p{Cc}]*(\n[^\p{Cc}]*)*$/u)
    }),
  )
})
