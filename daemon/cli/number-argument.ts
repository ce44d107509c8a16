import { InvalidArgumentError } from 'commander'

/** Digits as people write them: Number() also takes '', ' ' and '0x10'. */
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** The number that a text is; null: none, or it is out of bounds. */
const numberIn = (text: string, least: number, most: number): number | null => {
  const value = Number(text)
  return decimal.test(text) && value >= least && value <= most ? value : null
}

const refuse = (text: string): never => {
  throw new InvalidArgumentError(`It has to be ${text}.`)
}

/**
 * Parses a flag's number, `least` and `most` included. There is always a largest one: timers, SQLite and dates have
 * their own.
 * @param what as in "a number of seconds"
 */
export const parseNumber =
  (least: number, most: number, what: string) =>
  (text: string): number =>
    numberIn(text, least, most) ?? refuse(`${what}, ${least} to ${most}`)

/** The same for a bound that need not be: `none` is infinity. Not null, which commander turns into ''. */
export const parseBound =
  (least: number, most: number, what: string) =>
  (text: string): number =>
    text === 'none'
      ? Number.POSITIVE_INFINITY
      : (numberIn(text, least, most) ?? refuse(`${what}, ${least} to ${most}, or none`))

/** Parses a flag's count, from 1 to `most`. */
export const parseCount =
  (most: number) =>
  (text: string): number => {
    const value = numberIn(text, 1, most)
    return value !== null && Number.isInteger(value) ? value : refuse(`a whole number, 1 to ${most}`)
  }
