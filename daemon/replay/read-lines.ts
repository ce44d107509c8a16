import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

/** A recording's longest line lists all tasks, some 120 bytes each; what is longer is none of ours. */
export const longestLineBytes = 32_000_000

const lineEnd = 0x0a
const byteOrderMark = '\ufeff'

/**
 * The lines of a text, plain or gzip, those of a chunk together; lines may end in any of the usual ways. What can be
 * read of a damaged file comes; then `damaged` is called once with what is wrong, and nothing follows.
 * @param sizeBytes as far as the file is read: it may still grow
 * @throws the file system's errors
 */
export async function* readLines(
  file: string,
  { gzipped, sizeBytes }: { gzipped: boolean; sizeBytes: number },
  damaged: (why: string) => void,
): AsyncGenerator<string[]> {
  const source = createReadStream(file, { end: sizeBytes - 1 })
  let held: Buffer[] = []
  let heldBytes = 0
  let isFirst = true
  const linesOf = (parts: Buffer[]): string[] => {
    const text = Buffer.concat(parts).toString('utf8')
    const lines = (isFirst && text.startsWith(byteOrderMark) ? text.slice(1) : text).split(/\r\n|\n|\r/)
    isFirst = false
    return lines
  }
  try {
    for await (const chunk of gzipped ? gunzipped(source, sizeBytes, damaged) : source) {
      const end = (chunk as Buffer).lastIndexOf(lineEnd)
      const rest = (chunk as Buffer).subarray(end + 1)
      if (end >= 0) {
        const whole = [...held, (chunk as Buffer).subarray(0, end)]
        held = []
        heldBytes = 0
        yield linesOf(whole)
      }
      held.push(rest)
      heldBytes += rest.length
      if (heldBytes > longestLineBytes) {
        damaged(`a line is longer than ${longestLineBytes / 1e6} MB`)
        return
      }
    }
    if (heldBytes > 0) yield linesOf(held)
  } finally {
    source.destroy()
  }
}

/** What ends a compressed file too early. */
const sentences: Record<string, string> = {
  Z_BUF_ERROR: 'its end is missing',
  Z_DATA_ERROR: 'its compressed data are wrong from some point on',
}

async function* gunzipped(
  source: ReturnType<typeof createReadStream>,
  sizeBytes: number,
  damaged: (why: string) => void,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  source.once('error', (error) => gunzip.destroy(error))
  try {
    yield* source.pipe(gunzip)
  } catch (error) {
    const why = sentences[(error as NodeJS.ErrnoException).code ?? '']
    if (why === undefined) throw error
    damaged(why)
    return
  }
  if (gunzip.bytesWritten < sizeBytes) damaged('it goes on with something that is not compressed')
}
