import type { z } from 'zod'
import { type Frame, FrameError, FrameReader } from './frames.ts'
import { checkShape } from './json-shape.ts'
import {
  endedSchema,
  enumSchema,
  type Hello,
  helloSchema,
  type LaidOutEnum,
  type Layout,
  layoutSchema,
  probeSchema,
  type Ready,
  readySchema,
  recordingSchema,
  type TracerProbe,
} from './layout.ts'
import { RecordDecoder } from './record-decoder.ts'
import type { TracerRecord } from './records.ts'
import { readText, type TracerText } from './text.ts'

/** What the tracer says, frame by frame. A worker that was started anew begins with `hello` again. */
export type TracerMessage =
  | { type: 'hello'; hello: Hello }
  | { type: 'enum'; enum: LaidOutEnum }
  | { type: 'probe'; probe: TracerProbe }
  | { type: 'ready'; ready: Ready }
  | { type: 'record'; record: TracerRecord }
  | { type: 'ended'; reason: string }
  /** In a recording: what another source saw, as JSON. */
  | { type: 'observation'; observation: unknown }
  | ({ type: 'text' } & TracerText)
  /** A frame that was whole but not understood; the stream goes on. */
  | { type: 'not-understood'; frame: string; reason: string; bytes: number }

/** Reads the tracer's stream from its bytes, or a recording, which is one among whose frames there are others. */
export class TracerStream {
  readonly #frames: FrameReader
  readonly #ofRecording: boolean
  #hello: Hello | null = null
  #layouts: Layout[] = []
  #decoder: RecordDecoder | null = null

  constructor({ ofRecording = false } = {}) {
    this.#ofRecording = ofRecording
    this.#frames = new FrameReader(ofRecording)
  }

  /** Bytes of a frame of which the end has not come. */
  get pendingBytes(): number {
    return this.#frames.pendingBytes
  }

  /** Null until the layouts are complete. */
  get decoder(): RecordDecoder | null {
    return this.#decoder
  }

  /**
   * What the frames say that are whole now.
   * @throws FrameError when the bytes are no frames
   * @throws LayoutError when the tracer's records are not those that this program knows
   */
  *read(piece: Uint8Array): Generator<TracerMessage> {
    for (const { message } of this.readFrames(piece)) if (message) yield message
  }

  /** The same, beside each frame; null for one that only says how others are read. */
  *readFrames(piece: Uint8Array): Generator<{ frame: Frame; message: TracerMessage | null }> {
    for (const frame of this.#frames.read(piece)) yield { frame, message: this.#messageOf(frame) }
  }

  #messageOf({ type, payload }: Frame): TracerMessage | null {
    switch (type) {
      case 'recording':
        this.#required(recordingSchema, payload)
        return null
      case 'observation': {
        const observation = parsed(payload)
        return observation === undefined
          ? {
              type: 'not-understood',
              frame: type,
              reason: 'it is no JSON that can be read',
              bytes: payload.byteLength,
            }
          : { type, observation }
      }
      case 'hello':
        this.#hello = this.#required(helloSchema, payload)
        this.#layouts = []
        return { type, hello: this.#hello }
      case 'layout':
        this.#takeLayout(this.#required(layoutSchema, payload))
        return null
      case 'enum':
        return { type, enum: this.#required(enumSchema, payload) }
      case 'probe':
        return { type, probe: this.#required(probeSchema, payload) }
      case 'ready':
        return { type, ready: this.#required(readySchema, payload) }
      case 'ended':
        return { type, ...this.#required(endedSchema, payload) }
      case 'record': {
        const record = this.#decoder?.decode(payload)
        if (record) return { type, record }
        const reason = this.#decoder ? 'no record of a known kind and length' : 'it came before its layout'
        return { type: 'not-understood', frame: type, reason, bytes: payload.byteLength }
      }
      case 'text': {
        const text = readText(payload, this.#frames.littleEndian)
        if (text) return { type, ...text }
        const reason = 'no text of a known source'
        return { type: 'not-understood', frame: type, reason, bytes: payload.byteLength }
      }
    }
  }

  #takeLayout(layout: Layout): void {
    this.#layouts.push(layout)
    if (this.#layouts.length === this.#hello?.kinds)
      this.#decoder = new RecordDecoder(this.#layouts, this.#frames.littleEndian, this.#ofRecording)
    if (this.#layouts.length > (this.#hello?.kinds ?? 0))
      throw new FrameError('The tracer has laid out more kinds of records than it said it would.')
  }

  /** Without any of the first frames nothing that follows can be read. */
  #required<T extends z.ZodType>(schema: T, payload: Uint8Array): z.infer<T> {
    const result = schema.safeParse(parsed(payload))
    if (!result.success)
      throw new FrameError(`One of the first frames is not as it should be: ${result.error.message}`)
    return result.data
  }
}

const parsed = (payload: Uint8Array): unknown => {
  try {
    const text = new TextDecoder().decode(payload)
    checkShape(text)
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
