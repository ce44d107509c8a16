/** RFC 3339 in UTC with nanoseconds, from Unix nanoseconds. */
export const formatTime = (unixNs: bigint): string => {
  const fraction = ((unixNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const seconds = (unixNs - fraction) / 1_000_000_000n
  const nanoseconds = String(fraction).padStart(9, '0')
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${nanoseconds}Z`
}

/** Unix nanoseconds of a time written by formatTime, or of any RFC 3339 time Date understands. */
export const parseTime = (time: string): bigint => {
  const milliseconds = Date.parse(time)
  if (Number.isNaN(milliseconds)) throw new RangeError(`not a time: ${time}`)
  const fraction = /\.(\d{1,9})/.exec(time)?.[1]?.padEnd(9, '0') ?? '0'
  return BigInt(Math.floor(milliseconds / 1000)) * 1_000_000_000n + BigInt(fraction)
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i
/** Within these Unix nanoseconds also hold what is a few days earlier or later, and SQLite's 64 bits. */
const earliest = parseTime('1678-01-01T00:00:00Z')
const latest = parseTime('2262-01-01T00:00:00Z')

/**
 * Unix nanoseconds of a time that a person or another program wrote.
 * @throws RangeError with a sentence: not of RFC 3339, on no calendar, or too far away
 */
export const parseInstant = (text: string): bigint => {
  const shown = JSON.stringify(text.slice(0, 60))
  const day = rfc3339.exec(text)?.[1]
  if (day === undefined)
    throw new RangeError(`${shown} is not an RFC 3339 time such as 2026-11-20T03:31:07.250Z`)
  // Date takes the 30th of February for the 2nd of March.
  const midnight = new Date(`${day}T00:00:00Z`)
  const isOnCalendar = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day)
  if (!isOnCalendar || Number.isNaN(Date.parse(text)))
    throw new RangeError(`${shown} is not an RFC 3339 time: it is on no calendar`)
  const instant = parseTime(text)
  if (instant < earliest || instant >= latest)
    throw new RangeError(`${shown} is outside the years 1678 to 2261, the only ones a record can hold`)
  return instant
}

export const millisecondsBetween = (fromNs: string, toNs: string): number =>
  Number((BigInt(toNs) - BigInt(fromNs)) / 1000n) / 1000
