import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FrameError } from '../../../daemon/raw/frames.ts'
import { TracerStream } from '../../../daemon/raw/tracer-stream.ts'
import { frameBytes, jsonFrame } from '../support/frame-bytes.ts'

const hello = {
  program: 'klpscope-tracer',
  kernel: '6.1',
  machine: 'x86_64',
  cpus: 2,
  pid: 7,
  monoNs: '12',
  kinds: 2,
}
const layout = { kind: 1, name: 'CANARY', bytes: 24, fields: [] }

it('a record that comes before its layout is said not to be understood, and the stream goes on', () => {
  const stream = new TracerStream()
  const messages = [
    ...stream.read(Buffer.concat([frameBytes('record', Buffer.alloc(16)), jsonFrame('hello', hello)])),
  ]
  expect(messages.map(({ type }) => type)).toEqual(['not-understood', 'hello'])
})

it.each([
  ['JSON that is none', frameBytes('hello', Buffer.from('{'))],
  ['a hello of another program', jsonFrame('hello', { ...hello, program: 'other' })],
  ['a layout before the hello', jsonFrame('layout', layout)],
  ['numbers out of range', jsonFrame('layout', { ...layout, bytes: 1e9 })],
])('%s ends it', (_, bytes) => {
  expect(() => [...new TracerStream().read(bytes)]).toThrow(FrameError)
})

it('any values in the first frames give messages or a FrameError', () => {
  const type = fc.constantFrom('hello', 'layout', 'enum', 'probe', 'ready' as const)
  fc.assert(
    fc.property(fc.array(fc.tuple(type, fc.jsonValue({ maxDepth: 2 })), { maxLength: 6 }), (all) => {
      const stream = new TracerStream()
      const small = all.map(([name, value]) => jsonFrame(name, value)).filter((frame) => frame.length < 4096)
      try {
        for (const message of stream.read(Buffer.concat(small))) expect(message.type).toBeTypeOf('string')
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError)
      }
    }),
  )
})
