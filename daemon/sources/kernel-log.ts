import { closeSync, constants, openSync, readSync } from 'node:fs'
import { concernsLivepatching } from '../probes/kernel-log.ts'
import type { RawBody } from '../probes/raw-record.ts'
import { kernelLogVariable } from './handed-down.ts'

/** Between looks. A read that finds nothing costs a system call. */
const pollMs = 200
/** The kernel's longest record is below this (CONSOLE_EXT_LOG_MAX). */
const recordBytes = 8192
/** A flood of lines is read in slices, so that nothing else has to wait for it. */
const recordsPerLook = 500

export type KernelLog = { stop: () => void }

/**
 * Follows /dev/kmsg from now on, one record per read, while the tracer does not. Source:
 * Documentation/ABI/testing/dev-kmsg: EAGAIN means no more for now, EPIPE that records were overwritten before they
 * were read; the next read goes on after them. Polled: an open read would keep one of Node's four file threads for good.
 * @param isWanted whether nobody else tells of the log now
 * @throws Error when the log cannot be opened
 */
export const followKernelLog = (emit: (body: RawBody) => void, isWanted: () => boolean): KernelLog => {
  const opened = process.env[kernelLogVariable]
  const fd = opened ? Number(opened) : openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
  const buffer = Buffer.alloc(recordBytes)
  let next: number | null = null
  let overrun = false

  const readRecord = (): string | null => {
    try {
      const size = readSync(fd, buffer, 0, buffer.length, null)
      return size === 0 ? null : buffer.toString('utf8', 0, size)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') {
        overrun = true
        return ''
      }
      if (code === 'EAGAIN' || code === 'EINTR') return null
      // Counted as one: how many more there would have been nobody knows.
      stop()
      emit({ source: 'kernel-log', lost: 1 })
      return null
    }
  }

  /** @param quiet the history before us, or what somebody else has told: read past */
  const drain = (quiet: boolean): void => {
    for (let count = 0; quiet || count < recordsPerLook; count++) {
      const record = readRecord()
      if (record === null) return
      if (record === '') continue
      const sequence = Number(/^\d+,(\d+),/.exec(record)?.[1])
      if (overrun && !quiet) emit({ source: 'kernel-log', lost: Math.max(1, sequence - (next ?? sequence)) })
      overrun = false
      next = sequence + 1
      if (!quiet && concernsLivepatching(record)) emit({ source: 'kernel-log', line: record.trimEnd() })
    }
  }

  let timer: NodeJS.Timeout | undefined
  let open = true
  const stop = (): void => {
    clearInterval(timer)
    if (open) closeSync(fd)
    open = false
  }
  drain(true)
  timer = setInterval(() => drain(!isWanted()), pollMs)
  return { stop }
}
