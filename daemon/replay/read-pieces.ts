import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

export type Packing = { gzipped: boolean; sizeBytes: number }

/**
 * The bytes of a file, plain or gzip, in pieces. What can be read of a damaged file comes; then `damaged` is called once
 * with what is wrong, and nothing follows.
 * @param sizeBytes as far as the file is read: it may still grow
 * @throws the file system's errors
 */
export async function* readPieces(
  file: string,
  { gzipped, sizeBytes }: Packing,
  damaged: (why: string) => void,
): AsyncGenerator<Buffer> {
  const source = createReadStream(file, { end: sizeBytes - 1 })
  try {
    yield* gzipped ? gunzipped(source, sizeBytes, damaged) : source
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
