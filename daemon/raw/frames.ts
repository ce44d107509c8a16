/** How the tracer frames what it writes: bpf/tracer/frames.h. */
export const frameVersion = 1
export const frameHeaderBytes = 8
/** Header and payload together. */
export const frameMaxBytes = 4096
/** Of an observation in a recording: a list of all tasks takes some 120 bytes each. */
export const observationMaxBytes = 32_000_000

export const frameTypes = {
  hello: 1,
  layout: 2,
  enum: 3,
  probe: 4,
  ready: 5,
  record: 6,
  text: 7,
  // Of whoever has started the tracer, when it has ended.
  ended: 63,
  // In recordings only, beside those of the tracer.
  recording: 64,
  observation: 65,
} as const

export type FrameType = keyof typeof frameTypes

/** `bytes`: header and payload. Both are views into what was read. */
export type Frame = { type: FrameType; payload: Uint8Array; bytes: Uint8Array }

/** The stream cannot be read any further: what follows is not known to begin at a frame. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const typeNames = new Map<number, FrameType>(
  Object.entries(frameTypes).map(([name, number]) => [number, name as FrameType]),
)

/** Cuts a stream of bytes, which comes in pieces of any size, into frames. Keeps less than one frame of it. */
export class FrameReader {
  readonly #ofRecording: boolean
  /** Of a frame that is not whole, or of its header. */
  #held: Uint8Array[] = []
  #heldBytes = 0
  /** So many bytes from its beginning on make it, or its header, whole. */
  #wantedBytes = frameHeaderBytes
  #littleEndian: boolean | undefined

  /** @param ofRecording whether there may be frames that a tracer does not write */
  constructor(ofRecording = false) {
    this.#ofRecording = ofRecording
  }

  /** Of the machine that the tracer runs on; known from the first frame on. */
  get littleEndian(): boolean {
    return this.#littleEndian ?? true
  }

  /** Bytes of a frame of which the end has not come. */
  get pendingBytes(): number {
    return this.#heldBytes
  }

  /**
   * The frames that are whole now.
   * @throws FrameError
   */
  *read(piece: Uint8Array): Generator<Frame> {
    if (this.#heldBytes + piece.length < this.#wantedBytes) return this.#hold(piece)
    const bytes = this.#held.length === 0 ? piece : concatenated([...this.#held, piece])
    this.#held = []
    this.#heldBytes = 0
    this.#wantedBytes = frameHeaderBytes
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    while (bytes.length - at >= frameHeaderBytes) {
      const { type, payloadBytes } = this.#header(view, at)
      const end = at + frameHeaderBytes + payloadBytes
      if (end > bytes.length) {
        this.#wantedBytes = end - at
        break
      }
      yield { type, payload: bytes.subarray(at + frameHeaderBytes, end), bytes: bytes.subarray(at, end) }
      at = end
    }
    this.#hold(bytes.subarray(at))
  }

  /** A copy, as the piece may be used again. */
  #hold(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#held.push(new Uint8Array(piece))
    this.#heldBytes += piece.length
  }

  #header(view: DataView, at: number): { type: FrameType; payloadBytes: number } {
    // The version is 1 in the byte order of the machine that wrote it.
    this.#littleEndian ??= view.getUint16(at + 6, true) === frameVersion
    const payloadBytes = view.getUint32(at, this.#littleEndian)
    const type = typeNames.get(view.getUint16(at + 4, this.#littleEndian))
    const version = view.getUint16(at + 6, this.#littleEndian)
    if (version !== frameVersion)
      throw new FrameError(
        `The tracer speaks version ${version} of its frames, this program version ${frameVersion}. Use a tracer and a daemon of one release.`,
      )
    if (type === undefined || payloadBytes > this.#mostBytes(type) - frameHeaderBytes)
      throw new FrameError('This is not a stream of frames, or a part of it is missing.')
    return { type, payloadBytes }
  }

  #mostBytes(type: FrameType): number {
    if (type !== 'recording' && type !== 'observation') return frameMaxBytes
    return this.#ofRecording ? observationMaxBytes : 0
  }
}

/** A frame of our own, in this machine's byte order or another. */
export const frameOf = (type: FrameType, payload: Uint8Array, littleEndian = isLittleEndian): Uint8Array => {
  const bytes = new Uint8Array(frameHeaderBytes + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, payload.length, littleEndian)
  view.setUint16(4, frameTypes[type], littleEndian)
  view.setUint16(6, frameVersion, littleEndian)
  bytes.set(payload, frameHeaderBytes)
  return bytes
}

/** Whether these are the first bytes of a recording. */
export const beginsRecording = (head: Uint8Array): boolean => {
  if (head.length < frameHeaderBytes) return false
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  return [true, false].some(
    (littleEndian) =>
      view.getUint16(4, littleEndian) === frameTypes.recording &&
      view.getUint16(6, littleEndian) === frameVersion,
  )
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

const concatenated = (pieces: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
