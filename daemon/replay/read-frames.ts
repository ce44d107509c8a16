import { FrameError } from '../raw/frames.ts'
import { LayoutError } from '../raw/record-decoder.ts'
import { type TracerMessage, TracerStream } from '../raw/tracer-stream.ts'
import { type Packing, readPieces } from './read-pieces.ts'

/** What the frames of a recording say, those of a piece together. See readPieces. */
export async function* readFrames(
  file: string,
  packing: Packing,
  damaged: (why: string) => void,
): AsyncGenerator<TracerMessage[]> {
  const stream = new TracerStream({ ofRecording: true })
  for await (const piece of readPieces(file, packing, damaged)) {
    const messages: TracerMessage[] = []
    try {
      for (const message of stream.read(piece)) messages.push(message)
    } catch (error) {
      if (!(error instanceof FrameError || error instanceof LayoutError)) throw error
      yield messages
      damaged(`it cannot be read further: ${error.message}`)
      return
    }
    yield messages
  }
  if (stream.pendingBytes > 0) damaged('its end is missing')
}
