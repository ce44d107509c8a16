/** The symbol of one line of a kernel stack: `[<0>] klpt_wait+0x1f/0x40 [klpt]` gives `klpt_wait`. */
export function frameSymbol(line: string): string | null {
  return /^\s*(?:\[<[^>]*>\]\s*)?(?:\?\s*)?([\w.$]+)(?:\+0x|\s|$)/.exec(line)?.[1] ?? null
}

/** `klpt_wait+0x1f/0x40 [klpt]`, also without the size, gives `klpt_wait [klpt]`. */
export const withoutOffset = (line: string): string => line.replace(/\+0x[0-9a-f]+(\/0x[0-9a-f]+)?/, '')

/** Compilers add suffixes to a function's clones (`.isra.0`, `.constprop.0`, `.cold`). */
export function isFrameOf(line: string, functionName: string | null): boolean {
  const symbol = frameSymbol(line)
  return (
    functionName !== null &&
    symbol !== null &&
    (symbol === functionName || symbol.startsWith(`${functionName}.`))
  )
}
