import { InvalidArgumentError } from 'commander'

/** Parses a flag's number, not below `least`. @param what as in "a number of seconds" */
export const parseNumber =
  (least: number, what: string) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isFinite(value) || value < least)
      throw new InvalidArgumentError(`It has to be ${what}, ${least} or more.`)
    return value
  }

/** The same for a bound that need not be; null for none: `none` or 0. */
export const parseBound = (least: number, what: string) => {
  const parse = parseNumber(least, what)
  return (text: string): number | null => {
    if (text === 'none' || text === '0') return null
    try {
      return parse(text)
    } catch {
      throw new InvalidArgumentError(`It has to be ${what}, ${least} or more, or none.`)
    }
  }
}

/** Parses a flag's count. */
export const parseCount = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It has to be a whole number, 1 or more.')
  return value
}
