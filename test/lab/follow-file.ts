import { open } from 'node:fs/promises'
import type { Writable } from 'node:stream'

const POLL_MS = 100

/** Copies what is appended to a file, which need not exist yet, until the returned function is awaited. */
export const followFile = (file: string, sink: Writable): (() => Promise<void>) => {
  let offset = 0
  let stopped = false
  const copyNew = async () => {
    const handle = await open(file).catch(() => undefined)
    if (!handle) return
    const buffer = Buffer.alloc(64 * 1024)
    try {
      for (;;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset)
        if (bytesRead === 0) return
        offset += bytesRead
        sink.write(Buffer.from(buffer.subarray(0, bytesRead)))
      }
    } finally {
      await handle.close()
    }
  }
  const loop = (async () => {
    while (!stopped) {
      await copyNew()
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
    await copyNew()
  })()
  return async () => {
    stopped = true
    await loop
  }
}
