import { StringDecoder } from 'node:string_decoder'

/** Longer than any line a tracer prints: of maps with 16384 keys. The rest of a longer one is dropped; it cannot be decoded. */
const longestLine = 4_000_000

/** Splits what is read into lines, and hands on those that are complete, many at a time. Blank ones say nothing. */
export const splitLines = (onLines: (lines: string[]) => void): ((chunk: Buffer) => void) => {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return (chunk) => {
    const [first = '', ...lines] = decoder.write(chunk).split('\n')
    if (rest.length < longestLine) rest += first
    if (lines.length === 0) return
    const complete = [rest, ...lines]
    rest = complete.pop() ?? ''
    const told = complete.filter((line) => line.trim() !== '')
    if (told.length > 0) onLines(told)
  }
}
