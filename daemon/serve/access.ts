import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { type Authority, inUrl, isLoopback, isWildcard, parseAuthority, plainAddress } from './authority.ts'
import type { Refusal } from './refusal.ts'

export type AccessOptions = {
  /** What the server was asked to listen on. */
  host: string
  /** Further names it is reached by, as behind a proxy; without a port, on every port. */
  allowHosts: readonly Authority[]
}

/** Null: the request may be answered. */
export type Access = (request: IncomingMessage) => Refusal | null

/**
 * There are no passwords, so a browser must not be a way in for the pages of others. A page that points its own name at
 * this address (DNS rebinding) is known by Host; one that asks us directly, by Origin and Sec-Fetch-Site, which browsers
 * send and pages cannot forge. What sends neither is no browser and could have asked anything anyway.
 */
export const createAccess = ({ host, allowHosts }: AccessOptions): Access => {
  const listening = plainAddress(host)
  const isConfigured = ({ name, port }: Authority): boolean =>
    allowHosts.some(
      (allowed) =>
        allowed.name === name &&
        (allowed.port === null || allowed.port === port || (port === null && isDefaultPort(allowed.port))),
    )
  const isOwnName = (name: string, socket: Socket): boolean => {
    const reached = plainAddress(socket.localAddress ?? '')
    return (
      name === listening ||
      name === reached ||
      (isLoopback(reached) && ['localhost', '127.0.0.1', '::1'].includes(name)) ||
      (!isLoopback(listening) && name === hostname().toLowerCase()) ||
      (isWildcard(listening) && ownAddresses().includes(name))
    )
  }
  const answersTo = (authority: Authority, socket: Socket): boolean =>
    isConfigured(authority) ||
    (isOwnName(authority.name, socket) && (authority.port === null || authority.port === socket.localPort))

  const judgeOrigin = (text: string, addressed: Authority, socket: Socket): Refusal | null => {
    const origin = parseOrigin(text)
    const isOurs =
      origin !== null &&
      ((origin.name === addressed.name && origin.port === addressed.port) ||
        isConfigured(origin) ||
        (isOwnName(origin.name, socket) && (origin.port ?? origin.defaultPort) === socket.localPort))
    return isOurs ? null : foreignPage(origin)
  }

  return (request) => {
    const { headers, socket, url = '/' } = request
    const addressed = addressedTo(request)
    if ('error' in addressed) return addressed
    if (!answersTo(addressed, socket)) return unknownName(addressed)
    const { origin } = headers
    if (origin !== undefined) return judgeOrigin(origin, addressed, socket)
    const site = headers['sec-fetch-site']
    const isFromElsewhere = site === 'cross-site' || site === 'same-site'
    // A link to the dashboard may stand anywhere; what it shows is not readable from there.
    const isLink = headers['sec-fetch-mode'] === 'navigate' && !/^\/+api\b/i.test(url)
    return isFromElsewhere && !isLink ? foreignPage(null) : null
  }
}

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => plainAddress(address)),
  )

const isDefaultPort = (port: number): boolean => port === 80 || port === 443

/** The one it names; a request line that names another than Host is refused rather than guessed at. */
const addressedTo = (request: IncomingMessage): Authority | Refusal => {
  const { rawHeaders, headers, httpVersion, socket, url = '/' } = request
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  // HTTP/1.0 knows no Host, health checks of proxies still use it, and no browser does.
  if (hosts.length === 0 && httpVersion === '1.0' && url.startsWith('/'))
    return { name: plainAddress(socket.localAddress ?? ''), port: socket.localPort ?? null }
  if (hosts.length !== 1) return badHost(hosts.length === 0 ? 'no Host header' : 'more than one Host header')
  const addressed = parseAuthority(headers.host ?? '')
  if (!addressed) return badHost('a Host header that is no host name')
  if (url.startsWith('/') || url === '*') return addressed
  const inLine = parseAuthority(/^http:\/\/([^/?#]*)/i.exec(url)?.[1] ?? '')
  return inLine?.name === addressed.name && inLine.port === addressed.port
    ? addressed
    : badHost('another host in its first line than in its Host header')
}

const parseOrigin = (text: string): (Authority & { defaultPort: number }) | null => {
  const match = /^(https?):\/\/([^/]+)$/i.exec(text)
  const authority = parseAuthority(match?.[2] ?? '')
  return match && authority && { ...authority, defaultPort: match[1]?.toLowerCase() === 'https' ? 443 : 80 }
}

const badHost = (what: string): Refusal => ({
  status: 400,
  error: `The request has ${what}.`,
  remedy: 'Send one Host header with the address klpscope listens on.',
})

const unknownName = (addressed: Authority): Refusal => ({
  status: 421,
  error: `klpscope does not answer under the name ${inUrl(addressed)}.`,
  remedy: `Use the address it printed at its start, or start it with --allow-host ${inUrl(addressed)}`,
})

const foreignPage = (origin: Authority | null): Refusal => ({
  status: 403,
  error: `${origin ? `A page from ${inUrl(origin)}` : 'A page from another site'} may not read what klpscope records.`,
  remedy: origin
    ? `Open the dashboard itself; if that page is trusted, start klpscope with --allow-host ${inUrl(origin)}`
    : 'Open the dashboard itself, or enter the address by hand.',
})
