import type Database from 'better-sqlite3'

/** How many events numbered after `after`, up to `upTo` (null: the end), a record has or counts as lost. */
export const accountedFor = (database: Database.Database, after: number, upTo: number | null): number =>
  database
    .prepare(
      `SELECT count(*) + coalesce(sum(CASE kind WHEN 'events-lost' THEN json_extract(data, '$.count') END), 0)
       FROM events WHERE seq > ? AND seq <= ?`,
    )
    .pluck()
    .get(after, upTo ?? Number.MAX_SAFE_INTEGER) as number
