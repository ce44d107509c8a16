import { InvalidArgumentError } from 'commander'

/** The number that a text is, unless it is below `least`; null: none. */
const numberIn = (text: string, least: number): number | null => {
  const value = Number(text)
  return text.trim() !== '' && Number.isFinite(value) && value >= least ? value : null
}

const refuse = (text: string): never => {
  throw new InvalidArgumentError(`It has to be ${text}.`)
}

/** Parses a flag's number, not below `least`. @param what as in "a number of seconds" */
export const parseNumber =
  (least: number, what: string) =>
  (text: string): number =>
    numberIn(text, least) ?? refuse(`${what}, ${least} or more`)

/** The same for a bound that need not be; null for none: `none` or 0. */
export const parseBound =
  (least: number, what: string) =>
  (text: string): number | null =>
    text === 'none' || text === '0'
      ? null
      : (numberIn(text, least) ?? refuse(`${what}, ${least} or more, or none`))

/** Parses a flag's count. */
export const parseCount = (text: string): number => {
  const value = numberIn(text, 1)
  return value !== null && Number.isInteger(value) ? value : refuse('a whole number, 1 or more')
}
