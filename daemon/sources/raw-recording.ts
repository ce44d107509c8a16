import { createWriteStream, type WriteStream } from 'node:fs'
import type { RawRecord } from '../probes/raw-record.ts'

export type RawRecording = {
  write: (record: RawRecord) => void /** @param done called once all is written */
  end: (done?: () => void) => void
}

/** Between two tries to write again. */
const retryMs = 5_000
/** What a slow disk has not taken yet is held up to here; what comes then is missing. */
const mostWaitingBytes = 64_000_000

/**
 * Writes raw records to a file (`--record`), one JSON object a line. A disk that is full, or too slow, costs the
 * recording a gap, which it tells of itself once it is written again; it never ends the daemon.
 */
export const createRawRecording = (
  file: string,
  tell: (what: { error: string } | { missing: number }) => void,
): RawRecording => {
  let out: WriteStream | undefined
  let retryAtMs = 0
  let missing: { fromMonoNs: string; count: number } | undefined

  const open = (): WriteStream => {
    const opened = createWriteStream(file, { flags: 'a', mode: 0o600 })
    opened.on('error', ({ message }) => {
      if (out !== opened) return
      out = undefined
      retryAtMs = performance.now() + retryMs
      tell({ error: message })
    })
    return opened
  }
  const line = (record: RawRecord) => `${JSON.stringify(record)}\n`

  return {
    write: (record) => {
      if (!out && performance.now() >= retryAtMs) out = open()
      if (!out || out.writableLength > mostWaitingBytes) {
        missing = { fromMonoNs: missing?.fromMonoNs ?? record.monoNs, count: (missing?.count ?? 0) + 1 }
        return
      }
      if (missing) {
        const { fromMonoNs, count } = missing
        missing = undefined
        const reason = `the recording could not be written: at least ${count} records are missing`
        // What was being written when it failed may end in the middle of a line.
        out.write(
          `\n${line({ monoNs: record.monoNs, source: 'tracer', what: 'gap', part: 'recording', fromMonoNs, reason })}`,
        )
        tell({ missing: count })
      }
      out.write(line(record))
    },
    end: (done = () => undefined) => (out ? void out.end(done) : done()),
  }
}
