import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Authority, parseAuthority } from '../serve/authority.ts'
import type { ListenAddress, Listening } from '../serve/listening.ts'

export const defaultListen = '127.0.0.1:8686'

export type ListenFlags = { listen: ListenAddress; allowHost: readonly Authority[]; allowRemote?: boolean }

/** `host:port`, with IPv6 hosts in brackets; no host: every address. */
export const parseListen = (text: string): ListenAddress => {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) throw new InvalidArgumentError(`It has to look like ${defaultListen}.`)
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port }
}

/** Gathers the hosts of a flag that may be given several times. */
const parseAllowHost = (text: string, earlier: readonly Authority[]): Authority[] => {
  const host = parseAuthority(text)
  if (!host) throw new InvalidArgumentError('It has to look like klpscope.example, or klpscope.example:8443.')
  return [...earlier, host]
}

/** The flags of a command that serves. @param what is served */
export const addListenOptions = (command: Command, what: string): Command =>
  command
    .addOption(
      // In help as it is written, not as it is parsed.
      new Option('--listen <host:port>', what)
        .argParser(parseListen)
        .default(parseListen(defaultListen), defaultListen),
    )
    .addOption(
      new Option(
        '--allow-host <name[:port]>',
        'also answer under this name, as behind a proxy or a tunnel; without a port, on every port; repeatable',
      )
        .argParser(parseAllowHost)
        .default([], 'none'),
    )
    .option(
      '--allow-remote',
      'let --listen name an address other machines reach; whoever does reads everything',
    )

export const listeningOf = ({ listen, allowHost, allowRemote }: ListenFlags): Listening => ({
  ...listen,
  allowHosts: allowHost,
  allowRemote: allowRemote === true,
})
