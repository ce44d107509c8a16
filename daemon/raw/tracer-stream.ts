import type { z } from 'zod'
import { type Frame, FrameError, FrameReader } from './frames.ts'
import {
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

/** What the tracer says, frame by frame. A worker that was started anew begins with `hello` again. */
export type TracerMessage =
  | { type: 'hello'; hello: Hello }
  | { type: 'enum'; enum: LaidOutEnum }
  | { type: 'probe'; probe: TracerProbe }
  | { type: 'ready'; ready: Ready }
  | { type: 'record'; record: TracerRecord }
  /** In a recording: what another source saw, as JSON. */
  | { type: 'observation'; observation: unknown }
  /** A frame that was whole but not understood; the stream goes on. */
  | { type: 'not-understood'; frame: string; reason: string; bytes: number }

/** Reads the tracer's stream from its bytes, or a recording, which is one among whose frames there are others. */
export class TracerStream {
  readonly #frames: FrameReader
  readonly #onFrame: (frame: Frame) => void
  #hello: Hello | null = null
  #layouts: Layout[] = []
  #decoder: RecordDecoder | null = null

  /** @param onFrame sees each frame before what it says is read */
  constructor(options: { ofRecording?: boolean; onFrame?: (frame: Frame) => void } = {}) {
    this.#frames = new FrameReader(options.ofRecording)
    this.#onFrame = options.onFrame ?? (() => undefined)
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
   * @throws FrameError when the bytes are no frames
   * @throws LayoutError when the tracer's records are not those that this program knows
   */
  *read(piece: Uint8Array): Generator<TracerMessage> {
    for (const frame of this.#frames.read(piece)) {
      const { type, payload } = frame
      this.#onFrame(frame)
      switch (type) {
        case 'recording':
          this.#required(recordingSchema, payload)
          break
        case 'observation': {
          const observation = parsed(payload)
          yield observation === undefined
            ? { type: 'not-understood', frame: type, reason: 'it is no JSON', bytes: payload.byteLength }
            : { type, observation }
          break
        }
        case 'hello': {
          this.#hello = this.#required(helloSchema, payload)
          this.#layouts = []
          yield { type, hello: this.#hello }
          break
        }
        case 'layout':
          this.#takeLayout(this.#required(layoutSchema, payload))
          break
        case 'enum':
          yield { type, enum: this.#required(enumSchema, payload) }
          break
        case 'probe':
          yield { type, probe: this.#required(probeSchema, payload) }
          break
        case 'ready':
          yield { type, ready: this.#required(readySchema, payload) }
          break
        case 'record': {
          const record = this.#decoder?.decode(payload)
          yield record
            ? { type, record }
            : {
                type: 'not-understood',
                frame: type,
                reason: this.#decoder ? 'no record of a known kind and length' : 'it came before its layout',
                bytes: payload.byteLength,
              }
        }
      }
    }
  }

  #takeLayout(layout: Layout): void {
    this.#layouts.push(layout)
    if (this.#layouts.length === this.#hello?.kinds)
      this.#decoder = new RecordDecoder(this.#layouts, this.#frames.littleEndian)
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
    return JSON.parse(new TextDecoder().decode(payload))
  } catch {
    return undefined
  }
}
