import type { Account } from '../account/account.ts'
import type { Frame } from '../raw/frames.ts'
import { type TracerMessage, TracerStream } from '../raw/tracer-stream.ts'

export type ReadAccount = Pick<Account, 'arrived' | 'left' | 'save'>

/**
 * Reads what one tracer writes. Records are in the account from the moment they are read: a daemon that is killed while
 * it decodes them has lost so many.
 * @param onFrame sees each frame before what it says is told
 * @returns takes the next piece. @throws FrameError, LayoutError when it is not what a tracer of this release writes
 */
export const createTracerReader = (
  account: ReadAccount,
  onFrame: (frame: Frame) => void,
  tell: (message: TracerMessage) => void,
  stream = new TracerStream(),
): ((piece: Uint8Array) => void) => {
  return (piece) => {
    const all = [...stream.readFrames(piece)]
    account.arrived(all.length)
    account.save()
    for (const { frame, message } of all) {
      account.left(1)
      onFrame(frame)
      if (message) tell(message)
      account.save()
    }
  }
}
