import type Database from 'better-sqlite3'

/**
 * Nanoseconds from an event (or the first after it) to the newest of a record, on the monotonic clocks of the boots it
 * was recorded in. A wall clock that is set, by years and however often, makes nothing older; time that the host was
 * off or suspended does not count.
 */
export const recordedSince = (database: Database.Database, seq: number): bigint => {
  const one = <T>(sql: string, ...values: unknown[]): T | undefined =>
    database
      .prepare(sql)
      .safeIntegers()
      .get(...values) as T | undefined
  const begin = one<{ seq: bigint; mono: bigint }>(
    'SELECT seq, mono_ns AS mono FROM events WHERE seq >= ? ORDER BY seq LIMIT 1',
    seq,
  )
  if (!begin) return 0n
  // A run's first clock mapping comes before its start, and is of its boot already.
  const monoBefore = (end: bigint): bigint =>
    one<{ mono: bigint }>(
      `SELECT mono_ns AS mono FROM events WHERE seq >= ? AND seq < ? AND kind != 'clock-mapped'
       ORDER BY seq DESC LIMIT 1`,
      begin.seq,
      end,
    )?.mono ?? begin.mono
  const reboots = database
    .prepare(
      `SELECT id FROM (SELECT id, boot_id, lag(boot_id) OVER (ORDER BY id) AS before FROM runs)
       WHERE boot_id != before AND id > ? ORDER BY id`,
    )
    .pluck()
    .safeIntegers()
    .all(begin.seq) as bigint[]
  let passed = 0n
  let bootedAt = begin.mono
  for (const end of [...reboots, 2n ** 62n]) {
    const inBoot = monoBefore(end) - bootedAt
    if (inBoot > 0n) passed += inBoot
    bootedAt = 0n
  }
  return passed
}
