import { type Packing, readPieces } from './read-pieces.ts'

/** An event lists all tasks at most, some 120 bytes each; what is longer is none of ours. */
export const longestLineBytes = 32_000_000

const lineEnd = 0x0a
const byteOrderMark = '\ufeff'

/** The lines of a text, those of a piece together; lines may end in any of the usual ways. See readPieces. */
export async function* readLines(
  file: string,
  packing: Packing,
  damaged: (why: string) => void,
): AsyncGenerator<string[]> {
  let held: Buffer[] = []
  let heldBytes = 0
  let isFirst = true
  const linesOf = (parts: Buffer[]): string[] => {
    const text = Buffer.concat(parts).toString('utf8')
    const lines = (isFirst && text.startsWith(byteOrderMark) ? text.slice(1) : text).split(/\r\n|\n|\r/)
    isFirst = false
    return lines
  }
  for await (const piece of readPieces(file, packing, damaged)) {
    const end = piece.lastIndexOf(lineEnd)
    const rest = piece.subarray(end + 1)
    if (end >= 0) {
      const whole = [...held, piece.subarray(0, end)]
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
}
