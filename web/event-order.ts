import type { Event } from '../daemon/contract/event.ts'

/** An event in the list; `lateMs`: it was read so much later than what happened after it; 0: it was not. */
export type OrderedEvent = { event: Event; lateMs: number }

/** Less than this is how sources are read in turn, and no news. */
const leastLateMs = 1_000

const milliseconds = (event: Event): number => Number(BigInt(event.monoNs) / 1_000_000n)
const precedes = (a: Event, b: Event): boolean => a.time < b.time || (a.time === b.time && a.seq < b.seq)

/**
 * Events as they happened, newest first: by time, those of one time by seq. The record has them in the order in which
 * they were read, so an event that was read late stands further down, and says so. A clock that was set back makes
 * nothing late: lateness is a matter of the monotonic clock.
 * @param events newest first by seq
 */
export function inTimeOrder(events: readonly Event[]): OrderedEvent[] {
  let newest: Event | null = null
  const ordered: OrderedEvent[] = []
  for (const event of [...events].reverse()) {
    const lateMs = newest !== null && precedes(event, newest) ? milliseconds(newest) - milliseconds(event) : 0
    if (newest === null || !precedes(event, newest)) newest = event
    ordered.push({ event, lateMs: lateMs >= leastLateMs ? lateMs : 0 })
  }
  return ordered.sort((a, b) => (precedes(a.event, b.event) ? 1 : -1))
}
