/** bpftrace cuts strings to so many characters: 0.17 to 63, later versions to the 127 asked for (BPFTRACE_MAX_STRLEN). */
const limits: readonly number[] = [63, 127]

/** Names that bpftrace may have to cut. */
export const longNames = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.filter((name) => name.length >= Math.min(...limits)))

/** What bpftrace puts behind what it cut, from 0.24 on; it no longer keeps a byte of the length for the end. */
const ellipsis = '..'

/** What a string of bpftrace is the beginning of, when it may be cut; null: it is whole. */
const beginningIn = (text: string): string | null => {
  if (limits.includes(text.length)) return text
  if (!text.endsWith(ellipsis)) return null
  const before = text.slice(0, -ellipsis.length)
  return limits.includes(before.length) || limits.includes(before.length - 1) ? before : null
}

/** Whether a string of bpftrace may be the beginning of a longer one. */
export const isCut = (text: string): boolean => beginningIn(text) !== null

/** Whether a name as bpftrace printed it is this one, or the beginning of it. */
export const isNameOf = (printed: string, whole: string): boolean => {
  const beginning = beginningIn(printed)
  return printed === whole || (beginning !== null && whole.startsWith(beginning))
}

/**
 * A function's whole name, where bpftrace cut it.
 * @param known names as sysfs tells them, which are whole
 * @returns with an ellipsis where no name, or more than one, begins so
 */
export const wholeName = (name: string, known: Iterable<string>): string => {
  const beginning = beginningIn(name)
  if (beginning === null) return name
  const whole = new Set([...known].filter((each) => each.startsWith(beginning)))
  const [only] = whole
  return whole.size === 1 && only !== undefined ? only : `${beginning}…`
}
