import { lookup } from 'node:dns/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UserError } from '../user-error.ts'
import { type Authority, inUrl, isLoopback, isWildcard, plainAddress } from './authority.ts'

export type ListenAddress = { host: string; port: number }

/** Where the server listens, and by what other names it may be reached. */
export type Listening = ListenAddress & { allowHosts: readonly Authority[]; allowRemote: boolean }

/**
 * Refuses an address that other machines reach, unless that is wanted: whoever reaches it reads everything.
 * @throws UserError
 */
export const requireAllowed = async ({ host, port, allowRemote }: Listening): Promise<void> => {
  if (allowRemote || (await isOnlyLocal(host))) return
  throw new UserError(
    `${inUrl({ name: host, port })} can be reached from other machines, and klpscope does not ask for a password.`,
    `Listen on 127.0.0.1:${port} and use an SSH tunnel or a proxy with a login; or, where everyone who can reach it may read everything, add --allow-remote.`,
  )
}

const isOnlyLocal = async (host: string): Promise<boolean> => {
  if (isLoopback(plainAddress(host)) && host !== 'localhost') return true
  const addresses = await lookup(host, { all: true }).catch(() => [])
  // What cannot be resolved cannot be listened on either, and that error says more.
  return addresses.every(({ address }) => isLoopback(plainAddress(address)))
}

/**
 * Listens.
 * @returns the URL to open, with the port it really has
 * @throws UserError when the address is not allowed or cannot be had
 */
export const listen = async (server: Server, listening: Listening): Promise<string> => {
  await requireAllowed(listening)
  const { host, port } = listening
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)))
    server.listen(port, host, resolve)
  })
  const opened = isWildcard(host) ? (host === '::' ? '::1' : '127.0.0.1') : host
  return `http://${inUrl({ name: opened, port: (server.address() as AddressInfo).port })}/`
}

const explain = (error: NodeJS.ErrnoException, host: string, port: number): UserError => {
  const address = inUrl({ name: host, port })
  if (error.code === 'EADDRINUSE') {
    return new UserError(
      `${address} is in use by another program.`,
      `Stop it, or choose another port: --listen ${inUrl({ name: host, port: port < 65_535 ? port + 1 : 8686 })}`,
    )
  }
  if (error.code === 'EACCES')
    return new UserError(
      `Listening on ${address} is not permitted.`,
      'Choose a port above 1023 with --listen.',
    )
  return new UserError(
    `Cannot listen on ${address} (${error.code}).`,
    'Name an address of this machine with --listen.',
  )
}
