import { isIP } from 'node:net'

/** Whom a request is addressed to: a name or an address (IPv6 without brackets), and a port if it names one. */
export type Authority = { name: string; port: number | null }

const form = /^(\[[0-9a-f:.]+\]|[a-z0-9][a-z0-9._-]*)(?::(\d{1,5}))?$/i

/** Parses `name`, `name:port`, `[::1]:port`; null: it is none of these. Names compare equal however they are spelled. */
export const parseAuthority = (text: string): Authority | null => {
  const match = form.exec(text)
  const port = match?.[2] === undefined ? null : Number(match[2])
  if (!match?.[1] || (port !== null && port > 65_535)) return null
  const name = normalName(match[1])
  return name === null ? null : { name, port }
}

const normalName = (name: string): string | null => {
  if (!name.startsWith('[')) return name.toLowerCase().replace(/\.$/, '')
  const address = name.slice(1, -1)
  return isIP(address) === 6 ? plainAddress(new URL(`http://[${address}]/`).hostname.slice(1, -1)) : null
}

/** An IPv4 address that a socket for both families shows as IPv6 is that IPv4 address. */
export const plainAddress = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase()

export const isLoopback = (name: string): boolean =>
  name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'))

export const isWildcard = (name: string): boolean => name === '0.0.0.0' || name === '::'

/** As it is written in a URL. */
export const inUrl = ({ name, port }: Authority): string =>
  `${name.includes(':') ? `[${name}]` : name}${port === null ? '' : `:${port}`}`
