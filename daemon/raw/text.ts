import { printable } from './printable.ts'

/** Lines that the kernel writes as text, as the tracer passes them on: bpf/tracer/text.h. */
export type TracerText = {
  /** `enabled-functions-end`: the lines since the last of these are one list. */
  source: 'kernel-log' | 'enabled-functions' | 'enabled-functions-end'
  /** When it was read. */
  monoNs: bigint
  /** Printable characters, and line ends between lines. Of `lost` a number. */
  text: string
  /** The rest did not fit. */
  cut: boolean
  /** It cannot be read, or not any more. */
  unreadable: boolean
  /** Not all of a list was read. */
  incomplete: boolean
  /** So many records of the kernel log were overwritten before they were read; else 0. */
  lost: number
  /** Was in the kernel log already when the tracer began to read it. */
  earlier: boolean
}

const sources = new Map<number, TracerText['source']>([
  [1, 'kernel-log'],
  [2, 'enabled-functions'],
  [3, 'enabled-functions-end'],
])

const headerBytes = 16
const newline = 0x0a

/** Null: of no known source, or too short. */
export const readText = (payload: Uint8Array, littleEndian: boolean): TracerText | null => {
  if (payload.byteLength < headerBytes) return null
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const source = sources.get(view.getUint32(0, littleEndian))
  if (!source) return null
  const flags = view.getUint32(4, littleEndian)
  const flag = (bit: number) => (flags & (1 << bit)) !== 0
  const text = linesOf(payload.subarray(headerBytes)).map(printable).join('\n')
  return {
    source,
    monoNs: view.getBigUint64(8, littleEndian),
    text,
    cut: flag(0),
    unreadable: flag(1),
    incomplete: flag(2),
    lost: flag(3) ? Math.max(1, Number.parseInt(text, 10) || 0) : 0,
    earlier: flag(4),
  }
}

const linesOf = (bytes: Uint8Array): Uint8Array[] => {
  const lines: Uint8Array[] = []
  let from = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, from)) {
    lines.push(bytes.subarray(from, at))
    from = at + 1
  }
  return [...lines, bytes.subarray(from)]
}
