import type Database from 'better-sqlite3'
import { type ExportRange, eventPages } from './event-pages.ts'
import type { ExportPiece } from './export-piece.ts'

/** One event per line, as in daemon/contract/event.ts; what klpscope replay reads. */
export function* exportNdjson(database: Database.Database, range: ExportRange): Generator<ExportPiece> {
  for (const rows of eventPages(database, range))
    yield { bytes: `${rows.map(({ data }) => data).join('\n')}\n`, seq: rows.at(-1)?.seq ?? 0 }
}
