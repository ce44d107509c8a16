import type Database from 'better-sqlite3'
import type { Event } from '../contract/event.ts'
import { collectGaps, type GapCollector } from '../core/collect-gaps.ts'
import { gapKinds } from '../core/gap.ts'
import { parseStored } from './stored-json.ts'

/** The gaps of a record, from the events that tell of them; what was read once is not read again. */
export const createGapReader = (database: Database.Database): (() => GapCollector) => {
  const later = database.prepare(
    `SELECT seq, data FROM events WHERE kind IN (${gapKinds.map((kind) => `'${kind}'`).join(', ')}) AND seq > ?
     ORDER BY seq`,
  )
  const gaps = collectGaps()
  let seq = 0
  return () => {
    for (const row of later.iterate(seq) as IterableIterator<{ seq: number; data: string }>) {
      seq = row.seq
      gaps.take(parseStored(row.data) as Event)
    }
    return gaps
  }
}
