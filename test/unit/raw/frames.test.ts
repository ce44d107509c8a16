import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Frame, FrameError, FrameReader, frameMaxBytes, frameTypes } from '../../../daemon/raw/frames.ts'
import { frameBytes, jsonFrame } from '../support/frame-bytes.ts'

const frames = fc.array(
  fc.record({
    type: fc.constantFrom(...(Object.keys(frameTypes) as (keyof typeof frameTypes)[])),
    payload: fc.uint8Array({ maxLength: frameMaxBytes - 8 }),
  }),
  { maxLength: 20 },
)

/** Cuts bytes into pieces of the given lengths, over and over, and a last one with what is left. */
const pieces = (bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] => {
  const cut: Uint8Array[] = []
  for (let at = 0, next = 0; at < bytes.length; next++) {
    const length = lengths[next % lengths.length] ?? bytes.length
    cut.push(bytes.subarray(at, at + length))
    at += length
  }
  return cut
}

const plain = (all: readonly Omit<Frame, 'bytes'>[]) =>
  all.map(({ type, payload }) => ({ type, payload: [...payload] }))

describe('a stream of frames', () => {
  it.each([true, false])('is read whole, however it is cut (little-endian: %s)', (littleEndian) => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }), (all, lengths) => {
        const reader = new FrameReader(true)
        const bytes = Buffer.concat(all.map(({ type, payload }) => frameBytes(type, payload, littleEndian)))
        // What was read is looked at at once: a frame is a view into its piece.
        const read = pieces(bytes, lengths).flatMap((piece) => plain([...reader.read(piece)]))
        expect(read).toEqual(plain(all))
        expect(reader.pendingBytes).toBe(0)
        if (all.length > 0) expect(reader.littleEndian).toBe(littleEndian)
      }),
    )
  })

  it('of any bytes ends in a FrameError or waits for less than a frame', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 8 }), (all) => {
        const reader = new FrameReader()
        try {
          for (const piece of all) for (const { payload } of reader.read(piece)) void payload
        } catch (error) {
          expect(error).toBeInstanceOf(FrameError)
        }
        expect(reader.pendingBytes).toBeLessThan(frameMaxBytes)
      }),
      { numRuns: 500 },
    )
  })

  it('of another version says which', () => {
    const bytes = frameBytes('hello', new Uint8Array(0), true)
    bytes.writeUInt16LE(2, 6)
    expect(() => [...new FrameReader().read(bytes)]).toThrow('version 512 of its frames')
    const first = frameBytes('hello', new Uint8Array(0), true)
    const reader = new FrameReader()
    expect(() => [...reader.read(Buffer.concat([first, bytes]))]).toThrow('version 2 of its frames')
  })

  it('with a frame larger than the tracer writes is refused before it is waited for', () => {
    const header = frameBytes('record', new Uint8Array(0), true)
    header.writeUInt32LE(frameMaxBytes - 7, 0)
    expect(() => [...new FrameReader().read(header)]).toThrow(FrameError)
  })

  it('is read right from a buffer that is used again for the next piece', () => {
    const bytes = Buffer.concat([jsonFrame('hello', { a: 1 }), jsonFrame('ready', { b: 2 })])
    const reader = new FrameReader()
    const piece = Buffer.alloc(7)
    const types: string[] = []
    for (let at = 0; at < bytes.length; at += piece.length) {
      const got = bytes.copy(piece, 0, at)
      for (const frame of reader.read(piece.subarray(0, got))) types.push(frame.type)
    }
    expect(types).toEqual(['hello', 'ready'])
  })
})
