import type Database from 'better-sqlite3'
import { stringify } from 'csv-stringify/sync'
import type { Event } from '../contract/event.ts'
import { parseStoredEvent } from '../store/stored-json.ts'
import { describeEvent } from '../words/describe-event.ts'
import { harmlessJson } from '../words/harmless-json.ts'
import { visibleText } from '../words/visible-text.ts'
import { type ExportRange, eventPages } from './event-pages.ts'
import type { ExportPiece } from './export-piece.ts'

/**
 * `details`: the fields that have no column of their own, as JSON; `text`: the event as a sentence. Times as in
 * daemon/contract/event.ts.
 */
export const csvColumns = [
  'seq',
  'time',
  'monoNs',
  'kind',
  'transition',
  'patch',
  'object',
  'function',
  'tid',
  'pid',
  'comm',
  'text',
  'details',
] as const

/**
 * RFC 4180, with a header. What a terminal would obey or hide is written as an escape, and a cell that a spreadsheet would take for a formula (a task may call itself `=cmd…`) gets an
 * apostrophe in front; who needs the names to the byte takes NDJSON.
 */
export function* exportCsv(database: Database.Database, range: ExportRange): Generator<ExportPiece> {
  yield { bytes: csv([[...csvColumns]]), seq: 0 }
  for (const rows of eventPages(database, range))
    yield { bytes: csv(rows.map(({ data }) => cells(parseStoredEvent(data)))), seq: rows.at(-1)?.seq ?? 0 }
}

const csv = (rows: unknown[][]): string =>
  stringify(
    rows.map((row) => row.map((cell) => (typeof cell === 'string' ? visibleText(cell) : cell))),
    { record_delimiter: 'windows', escape_formulas: true },
  )

const cells = (event: Event): unknown[] => {
  const { seq, time, monoNs, kind, transition, patch, object, tid, pid, comm, ...rest } = event
  const { function: fn, ...details } = rest as typeof rest & { function?: string }
  return [
    seq,
    time,
    monoNs,
    kind,
    transition,
    patch,
    object,
    fn,
    tid,
    pid,
    comm,
    describeEvent(event),
    Object.keys(details).length > 0 ? harmlessJson(JSON.stringify(details)) : '',
  ]
}
