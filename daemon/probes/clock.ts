import type { EventDraft, EventOf } from '../contract/event.ts'
import type { ClockMemory } from './clock-memory.ts'
import type { DecodeContext } from './probe-set.ts'

/** Below this the mapping is left alone: reading two clocks is not simultaneous. */
const toleranceNs = 10_000_000n
/** CLOCK_BOOTTIME comes in steps of 10 ms. */
const shortestSleepNs = 100_000_000n
/** The kernel slews the wall clock by at most 500 ppm (kernel/time/ntp.c, MAXFREQ); beyond twice that it was set. */
const driftOf = (elapsedNs: bigint): bigint => elapsedNs / 1000n + 2_000_000n

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a)

/** The wall clock seen from the monotonic one: an event when they have moved apart, with the reason for it. */
export const mapClock = (
  context: DecodeContext,
  { monoNs, wallNs, bootNs }: { monoNs: string; wallNs: string; bootNs?: string },
): EventDraft[] => {
  const now = BigInt(monoNs)
  const offsetNs = BigInt(wallNs) - now
  const told = { monoNs: now, offsetNs, asleepNs: bootNs === undefined ? null : BigInt(bootNs) - now }
  const before = context.clock
  if (before && distance(offsetNs, before.mappedNs) < toleranceNs) {
    context.clock = { ...before, told }
    return []
  }
  context.clock = { mappedNs: offsetNs, told }
  return [{ kind: 'clock-mapped', monoNs, offsetNs: String(offsetNs), ...reason(before?.told, told) }]
}

const reason = (
  before: ClockMemory['told'] | undefined,
  now: ClockMemory['told'],
): Pick<EventOf<'clock-mapped'>, 'cause' | 'suspendedNs'> => {
  if (!before) return { cause: 'first' }
  const sleptNs = now.asleepNs === null || before.asleepNs === null ? 0n : now.asleepNs - before.asleepNs
  if (sleptNs >= shortestSleepNs) return { cause: 'suspended', suspendedNs: String(sleptNs) }
  const drifted = distance(now.offsetNs, before.offsetNs) <= driftOf(now.monoNs - before.monoNs)
  return { cause: drifted ? 'drifted' : 'set' }
}
