import { isIPv6 } from 'node:net'
import { plainAddress } from './authority.ts'

/** Takes `count` from what `key` may still do. @returns 0, or the seconds until there is enough again */
export type RateLimit = (key: string, count?: number) => number

const keysKept = 10_000

/**
 * Lets each key do `burst` things at once and `perS` a second in the long run.
 * @param nowMs a clock that is never set
 */
export const createRateLimit = (
  { burst, perS }: { burst: number; perS: number },
  nowMs: () => number = () => performance.now(),
): RateLimit => {
  const known = new Map<string, { left: number; atMs: number }>()
  return (key, count = 1) => {
    const now = nowMs()
    const { left, atMs } = known.get(key) ?? { left: burst, atMs: now }
    const available = Math.min(burst, left + ((now - atMs) / 1000) * perS)
    const isEnough = available >= count
    known.delete(key)
    known.set(key, { left: isEnough ? available - count : available, atMs: now })
    // The oldest key has had the longest time to recover.
    if (known.size > keysKept) known.delete(known.keys().next().value ?? '')
    return isEnough ? 0 : Math.max(1, Math.ceil((count - available) / perS))
  }
}

/** Whom limits count for: an address; with IPv6 its network, because one machine has all addresses of that. */
export const limitKey = (remoteAddress: string | undefined): string => {
  const address = plainAddress(remoteAddress ?? '')
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  const network = [...groups, ...Array<string>(missing).fill('0'), ...(tail ?? '').split(':')].slice(0, 4)
  return address === '::1' ? address : network.join(':')
}
