/** One line of `bpftrace -f json`. */
export type BpftraceMessage = { type: string; data: unknown }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A line as text. A byte that is no UTF-8, as in a task's name, becomes \xNN in the string in which it stands. */
export const bpftraceLine = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    return [...bytes]
      .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\\\x${byte.toString(16)}`))
      .join('')
  }
}

/** A string, or a number with more digits than a double holds exactly. */
const stringOrLongNumber = /"(?:[^"\\]|\\.)*"|(?<![\d.])-?\d{16,}(?![\d.eE])/g

/** What a line says, long numbers as texts. Null: it is not one of bpftrace's. */
export const readBpftraceLine = (line: string): BpftraceMessage | null => {
  try {
    const exact = line.replace(stringOrLongNumber, (found) => (found.startsWith('"') ? found : `"${found}"`))
    const message = JSON.parse(exact)
    // Some that are rare have fields of their own instead of `data`.
    const { type, data = message } = message
    return typeof type === 'string' ? { type, data } : null
  } catch {
    return null
  }
}

/**
 * Splits what a program prints into lines that say something, in bounded memory: of one that is too long nothing is kept.
 * @returns takes the next piece
 */
export const splitLines = (
  longestBytes: number,
  onLine: (line: Uint8Array) => void,
  onTooLong: () => void,
): ((piece: Uint8Array) => void) => {
  let parts: Uint8Array[] = []
  let bytes = 0
  const take = (part: Uint8Array): void => {
    bytes += part.length
    if (bytes > longestBytes) parts = []
    else if (part.length > 0) parts.push(Uint8Array.from(part))
  }
  const end = (): void => {
    if (bytes > longestBytes) onTooLong()
    else if (bytes > 0) onLine(joined(parts, bytes))
    parts = []
    bytes = 0
  }
  return (piece) => {
    let from = 0
    for (let at = piece.indexOf(newline); at >= 0; at = piece.indexOf(newline, from)) {
      take(piece.subarray(from, at))
      end()
      from = at + 1
    }
    take(piece.subarray(from))
  }
}

const newline = 0x0a

const joined = (parts: readonly Uint8Array[], bytes: number): Uint8Array => {
  const [first] = parts
  if (parts.length === 1 && first) return first
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
