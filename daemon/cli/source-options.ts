import { InvalidArgumentError, Option } from 'commander'

export const defaultUrl = 'http://127.0.0.1:8686'

/** A name that was left out, as by an unset variable of a script, must not mean another source. */
export const parseFile = (text: string): string => {
  if (text === '') throw new InvalidArgumentError('It is empty: name a file.')
  return text
}

const parseUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError(`It has to look like ${defaultUrl}.`)
  return url.href.replace(/\/$/, '')
}

/** Where a command reads from: a record, or the running daemon. */
export const sourceOptions = (): Option[] => [
  new Option('--db <file>', 'read this record, of any host, instead of asking the running daemon').argParser(
    parseFile,
  ),
  new Option('--url <url>', 'address of the daemon')
    .env('KLPSCOPE_URL')
    .default(defaultUrl)
    .argParser(parseUrl),
]
