/** bpftrace cuts strings to so many characters: 0.17 to 63, later versions to the 127 asked for (BPFTRACE_MAX_STRLEN). */
const limits: readonly number[] = [63, 127]

/** Names that bpftrace may have to cut. */
export const longNames = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.filter((name) => name.length >= Math.min(...limits)))

/** Whether a string of bpftrace may be the beginning of a longer one. */
export const isCut = (text: string): boolean => limits.includes(text.length)

/** Whether a name as bpftrace printed it is this one, or the beginning of it. */
export const isNameOf = (printed: string, whole: string): boolean =>
  printed === whole || (isCut(printed) && whole.startsWith(printed))

/**
 * A function's whole name, where bpftrace cut it.
 * @param known names as sysfs tells them, which are whole
 * @returns with an ellipsis where no name, or more than one, begins so
 */
export const wholeName = (name: string, known: Iterable<string>): string => {
  if (!isCut(name)) return name
  const whole = new Set([...known].filter((each) => each.startsWith(name)))
  const [only] = whole
  return whole.size === 1 && only !== undefined ? only : `${name}…`
}
