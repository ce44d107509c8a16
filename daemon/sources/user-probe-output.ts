import type { RawBody } from '../probes/raw-record.ts'
import { bpftraceLine, splitLines } from '../raw/bpftrace-output.ts'

/** So many lines of one script are taken in a second. */
export const linesPerS = 100
/** A map with as many keys as bpftrace keeps (4096) has its place in a line. */
const longestLineBytes = 500_000

const tooMany = `it printed more than ${linesPerS} lines a second`
const tooLong = `it printed lines of more than ${longestLineBytes} bytes`

export type UserProbeOutput = {
  read: (piece: Uint8Array) => void
  /** Tells what is not told yet. */
  end: () => void
}

/** Takes what one script prints, line by line, up to a rate; the rest is counted and told each second. */
export const createUserProbeOutput = (
  probe: string,
  tell: (body: Extract<RawBody, { source: 'user-probe' }>) => void,
): UserProbeOutput => {
  let taken = 0
  const lost = new Map<string, number>()
  let second: NodeJS.Timeout | undefined

  const end = (): void => {
    clearTimeout(second)
    second = undefined
    taken = 0
    for (const [reason, count] of lost) tell({ source: 'user-probe', probe, lost: count, reason })
    lost.clear()
  }
  const lose = (reason: string): void => {
    lost.set(reason, (lost.get(reason) ?? 0) + 1)
  }
  /** Whether there is room in this second. */
  const takes = (): boolean => {
    second ??= setTimeout(end, 1_000)
    return taken++ < linesPerS
  }
  const read = splitLines(
    longestLineBytes,
    (line) => {
      if (takes()) tell({ source: 'user-probe', probe, line: bpftraceLine(line) })
      else lose(tooMany)
    },
    () => {
      takes()
      lose(tooLong)
    },
  )
  return { read, end }
}
