import { closeSync, constants, openSync, readSync } from 'node:fs'
import { FrameError, FrameReader } from '../raw/frames.ts'
import { UserError } from '../user-error.ts'

const pieceBytes = 1_000_000

/**
 * How many bytes of a recording are whole frames: a daemon that was killed may have left half of one at its end. 0 for
 * a file that is not there, or cannot be read.
 * @throws UserError when it is something else than a recording
 */
export const wholeFrames = (file: string): number => {
  const reader = new FrameReader(true)
  let whole = 0
  let first = true
  let handle: number | undefined
  try {
    // Opening a pipe that nobody writes to would wait for ever.
    handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const piece = Buffer.alloc(pieceBytes)
    for (let got = readSync(handle, piece); got > 0; got = readSync(handle, piece)) {
      for (const { type, bytes } of reader.read(piece.subarray(0, got))) {
        if (first && type !== 'recording') throw new FrameError('it begins with another frame')
        first = false
        whole += bytes.length
      }
    }
    if (first && reader.pendingBytes > 0) throw new FrameError('it holds no frame')
    return whole
  } catch (error) {
    if (!(error instanceof FrameError)) return whole
    if (!first) return whole
    throw new UserError(
      `${file} is not a recording that klpscope can go on with.`,
      'Name a file that does not exist yet.',
    )
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}
