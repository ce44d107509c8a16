/** Deeper than anything klpscope writes; what works through a value by recursion is safe up to here. */
const deepest = 64
/** Objects, lists and members of 100,000 tasks are a third of it; a value with so many takes some 100 MB. */
const mostParts = 3_000_000

const [quote, backslash, comma] = ['"', '\\', ','].map((char) => char.charCodeAt(0)) as [
  number,
  number,
  number,
]
const opening = new Set(['{', '['].map((char) => char.charCodeAt(0)))
const closing = new Set(['}', ']'].map((char) => char.charCodeAt(0)))

/**
 * Of JSON in a file that anybody may have made, before it is parsed: memory and stack have to do for it.
 * @throws SyntaxError
 */
export const checkShape = (text: string): void => {
  let depth = 0
  let parts = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === quote) at = endOfString(text, at)
    else if (char === comma) parts++
    else if (opening.has(char)) {
      parts++
      depth++
      if (depth > deepest) throw new SyntaxError(`nested more than ${deepest} deep`)
    } else if (closing.has(char)) depth--
  }
  if (parts > mostParts) throw new SyntaxError(`more than ${mostParts} parts`)
}

const endOfString = (text: string, start: number): number => {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes++
    if (slashes % 2 === 0) return at
  }
  return text.length
}
