import { execa } from 'execa'
import type { RawSymbol } from '../probes/raw-record.ts'
import { childEnvironment } from './child-environment.ts'

const symbolFile = '/proc/kallsyms'

/** A line of /proc/kallsyms: `address type name [module]`. */
const line = /^([0-9a-f]+) (\S) (\S+)(?:\t\[(\S+)\])?$/

/**
 * Symbols by their addresses. Another process searches the megabytes of /proc/kallsyms, so that the daemon
 * goes on meanwhile. What is not found has no name.
 * @param signal ends the search; it rejects then
 */
export const lookUpAddresses = async (
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<RawSymbol[]> => {
  if (addresses.length === 0) return []
  const found = new Map<string, RawSymbol>()
  for (const symbol of await search(
    addresses.map((address) => address.slice(2).padStart(16, '0')),
    signal,
  )) {
    // Several names of one address: the first that is no marker of a compiler or linker.
    if (!found.has(symbol.address) && !symbol.name?.startsWith('__pfx_')) found.set(symbol.address, symbol)
  }
  return addresses.map((address) => found.get(address) ?? { address, name: null, module: null })
}

/** Every function of some modules. */
export const lookUpModules = async (modules: readonly string[], signal: AbortSignal): Promise<RawSymbol[]> =>
  modules.length === 0
    ? []
    : search(
        modules.map((module) => `[${module}]`),
        signal,
      )

/** Functions on whose line one of the words stands. */
const search = async (words: readonly string[], signal: AbortSignal): Promise<RawSymbol[]> => {
  const result = await execa('grep', ['-wFf', '-', symbolFile], {
    input: words.join('\n'),
    reject: false,
    cancelSignal: signal,
    extendEnv: false,
    env: childEnvironment(),
  })
  signal.throwIfAborted()
  return result.stdout.split('\n').flatMap((text) => {
    const [, address = '', type = '', name = '', module] = line.exec(text) ?? []
    // t and T: functions; w and W: weak ones.
    if (!/^[tTwW]$/.test(type)) return []
    return [{ address: `0x${address.replace(/^0+(?=.)/, '')}`, name, module: module ?? null }]
  })
}
