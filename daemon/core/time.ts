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

export const millisecondsBetween = (fromNs: string, toNs: string): number =>
  Number((BigInt(toNs) - BigInt(fromNs)) / 1000n) / 1000
