import { closeSync, constants, openSync, readSync } from 'node:fs'
import { type BundlePart, partOf } from './bundle-part.ts'

/** The kernel's longest record is below this (CONSOLE_EXT_LOG_MAX). */
const recordBytes = 8192

/** The kernel log between two moments of CLOCK_MONOTONIC, in microseconds, as dmesg prints it. */
export const kernelLogPart = (fromUs: number, toUs: number): BundlePart =>
  partOf('kernel-log.txt', 'the kernel log of that time', () => {
    const records = readKernelLog()
    const [oldest] = records
    const within = records.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs)
    const cut =
      oldest && oldest.atUs > fromUs
        ? `# The log begins only at ${seconds(oldest.atUs)}: what was before it is overwritten.\n`
        : ''
    if (within.length === 0 && oldest && oldest.atUs > toUs)
      throw new Error('the kernel has overwritten the log of that time')
    return `${cut}${within.map(({ atUs, text }) => `[${seconds(atUs)}] ${text}\n`).join('')}`
  })

type LogRecord = { atUs: number; text: string }

/** All that is there. Source: Documentation/ABI/testing/dev-kmsg: `level,sequence,microseconds,flags;text`. */
const readKernelLog = (): LogRecord[] => {
  const fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(recordBytes)
  const records: LogRecord[] = []
  try {
    for (;;) {
      try {
        const size = readSync(fd, buffer, 0, buffer.length, null)
        const match = /^\d+,\d+,(\d+),[^;]*;([^\n]*)/.exec(buffer.toString('utf8', 0, size))
        if (match) records.push({ atUs: Number(match[1]), text: match[2] ?? '' })
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') return records
        // Overwritten meanwhile; the next read goes on after it.
        if (code !== 'EPIPE' && code !== 'EINTR') throw error
      }
    }
  } finally {
    closeSync(fd)
  }
}

const seconds = (us: number): string => (us / 1e6).toFixed(6).padStart(12)
