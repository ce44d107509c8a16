import type { z } from 'zod'
import { FrameError, FrameReader } from './frames.ts'
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
  | ({ type: 'text' } & TracerText)
  /** A frame that was whole but not understood; the stream goes on. */
  | { type: 'not-understood'; frame: string; reason: string; bytes: number }

/** Reads the tracer's stream from its bytes. */
export class TracerStream {
  readonly #frames = new FrameReader()
  #hello: Hello | null = null
  #layouts: Layout[] = []
  #decoder: RecordDecoder | null = null

  /** Null until the layouts are complete. */
  get decoder(): RecordDecoder | null {
    return this.#decoder
  }

  /**
   * @throws FrameError when the bytes are no frames
   * @throws LayoutError when the tracer's records are not those that this program knows
   */
  *read(piece: Uint8Array): Generator<TracerMessage> {
    for (const { type, payload } of this.#frames.read(piece)) {
      switch (type) {
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
          break
        }
        case 'text': {
          const text = readText(payload, this.#frames.littleEndian)
          yield text
            ? { type, ...text }
            : {
                type: 'not-understood',
                frame: type,
                reason: 'no text of a known source',
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
      throw new FrameError(`A first frame of the tracer is not as it should be: ${result.error.message}`)
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
