import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** What ends a compressed file too early. */
const cutOff = ['Z_BUF_ERROR', 'Z_DATA_ERROR']

/**
 * The lines of a text, plain or gzip. What can be read of a damaged gzip file comes; then `damaged` is called once.
 * @throws the file system's errors
 */
export async function* readLines(
  file: string,
  gzipped: boolean,
  damaged: (error: Error) => void,
): AsyncGenerator<string> {
  const source = createReadStream(file)
  const lines = createInterface({
    input: gzipped ? Readable.from(gunzipped(source, damaged)) : source,
    crlfDelay: Number.POSITIVE_INFINITY,
  })
  // Without this an error of the source would end the program.
  const failed = new Promise<never>((_, reject) => source.once('error', reject))
  failed.catch(() => undefined)
  yield* lines
  if (source.errored) await failed
}

async function* gunzipped(
  source: ReturnType<typeof createReadStream>,
  damaged: (error: Error) => void,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  source.once('error', (error) => gunzip.destroy(error))
  try {
    yield* source.pipe(gunzip)
  } catch (error) {
    if (!cutOff.includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    damaged(error as Error)
  }
}
