import { type FrameType, frameTypes, frameVersion } from '../../../daemon/raw/frames.ts'

/** A frame as the tracer writes it. */
export const frameBytes = (type: FrameType, payload: Uint8Array, littleEndian = true): Buffer => {
  const header = Buffer.alloc(8)
  if (littleEndian) {
    header.writeUInt32LE(payload.length, 0)
    header.writeUInt16LE(frameTypes[type], 4)
    header.writeUInt16LE(frameVersion, 6)
  } else {
    header.writeUInt32BE(payload.length, 0)
    header.writeUInt16BE(frameTypes[type], 4)
    header.writeUInt16BE(frameVersion, 6)
  }
  return Buffer.concat([header, payload])
}

export const jsonFrame = (type: FrameType, value: unknown): Buffer =>
  frameBytes(type, Buffer.from(JSON.stringify(value)))
