import { createWriteStream, statSync, truncateSync, type WriteStream } from 'node:fs'
import type { RawRecord } from '../probes/raw-record.ts'
import { type Frame, frameOf } from '../raw/frames.ts'
import { recordingHeader } from '../raw/layout.ts'
import { wholeFrames } from './whole-frames.ts'

export type RawRecording = {
  /** A frame of the tracer, as it came. */
  frame: (frame: Frame) => void
  /** What another source saw. Of what the tracer tells only the time: its frame is written already. */
  write: (record: RawRecord) => void
  /** @param done called once all is written */
  end: (done?: () => void) => void
}

/** Between two tries to write again. */
const retryMs = 5_000
/** What a slow disk has not taken yet is held up to here; what comes then is missing. */
const mostWaitingBytes = 64_000_000

/**
 * Writes raw records to a file (`--record`): a header, then the tracer's frames as they came, and those of what else
 * was seen. A disk that is full, or too slow, costs the recording a gap, which it tells of itself once it is written
 * again; it never ends the daemon. Goes on behind what an earlier run has written.
 * @throws UserError when the file is something else
 */
export const createRawRecording = (
  file: string,
  tell: (what: { error: string } | { missing: number }) => void,
): RawRecording => {
  /** How far the file is known to hold whole frames. */
  let wholeBytes = wholeFrames(file)
  let out: WriteStream | undefined
  let retryAtMs = 0
  let missing: { fromMonoNs: string; count: number } | undefined
  let lastMonoNs = '0'
  /** What the tracer's records look like: without it they cannot be read. */
  let layouts: Uint8Array[] = []

  const put = (bytes: Uint8Array): void => {
    const to = out
    to?.write(bytes, (error) => {
      if (!error && to === out) wholeBytes += bytes.length
    })
  }

  const open = (): WriteStream => {
    cutOff(file, wholeBytes)
    const opened = createWriteStream(file, { flags: 'a', mode: 0o600 })
    opened.on('error', ({ message }) => {
      if (out !== opened) return
      out = undefined
      retryAtMs = performance.now() + retryMs
      tell({ error: message })
    })
    return opened
  }

  /** Whether there is room. */
  const ready = (): boolean => {
    if (!out && performance.now() >= retryAtMs) {
      out = open()
      put(json('recording', recordingHeader))
      for (const layout of layouts) put(layout)
    }
    if (!out || out.writableLength > mostWaitingBytes) {
      missing = { fromMonoNs: missing?.fromMonoNs ?? lastMonoNs, count: (missing?.count ?? 0) + 1 }
      return false
    }
    if (missing) {
      const { fromMonoNs, count } = missing
      missing = undefined
      const reason = `the recording could not be written: at least ${count} records are missing`
      const gap = { source: 'tracer', what: 'gap', part: 'recording', fromMonoNs, reason }
      put(json('observation', { monoNs: lastMonoNs, ...gap }))
      tell({ missing: count })
    }
    return true
  }

  return {
    frame: ({ type, bytes }) => {
      // A copy: it is a view into what was read.
      const copy = Uint8Array.from(bytes)
      const isReady = ready()
      if (type === 'hello') layouts = []
      if (type === 'hello' || type === 'layout' || type === 'enum') layouts.push(copy)
      if (isReady) put(copy)
    },
    write: (record) => {
      lastMonoNs = record.monoNs
      if (record.source !== 'probe' && record.source !== 'text' && ready()) put(json('observation', record))
    },
    end: (done = () => undefined) => (out ? void out.end(done) : done()),
  }
}

const json = (type: 'recording' | 'observation', value: object): Uint8Array =>
  frameOf(type, Buffer.from(JSON.stringify(value)))

/** What was being written when it failed may end in the middle of a frame. */
const cutOff = (file: string, wholeBytes: number): void => {
  try {
    if (statSync(file).size > wholeBytes) truncateSync(file, wholeBytes)
  } catch {
    // It is not there yet, or opening it tells what is wrong.
  }
}
