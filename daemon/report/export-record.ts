import type Database from 'better-sqlite3'
import type { ExportRange } from './event-pages.ts'
import { exportCsv } from './export-csv.ts'
import { exportNdjson } from './export-ndjson.ts'
import { exportPerfetto } from './export-perfetto.ts'
import type { ExportPiece } from './export-piece.ts'

export const exportFormats = ['ndjson', 'csv', 'perfetto'] as const
export type ExportFormat = (typeof exportFormats)[number]

const exporters: Record<
  ExportFormat,
  (database: Database.Database, range: ExportRange) => Generator<ExportPiece>
> = { ndjson: exportNdjson, csv: exportCsv, perfetto: exportPerfetto }

/** The record in another format, piece by piece. */
export const exportRecord = (
  database: Database.Database,
  format: ExportFormat,
  range: ExportRange,
): Generator<ExportPiece> => exporters[format](database, range)
