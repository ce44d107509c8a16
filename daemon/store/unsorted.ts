import type Database from 'better-sqlite3'
import { restoreOrBegin } from './restore-state.ts'
import { writeWhatGoes, writingTo } from './write-what-goes.ts'
import type { Writer } from './writer.ts'

/** Puts events, one JSON object a line, on disk as they are: many times as fast as sorting them into the tables. */
export const keepUnsorted = (database: Database.Database, lastSeq: number, lines: string): void => {
  database.pragma('synchronous = FULL')
  database.prepare('INSERT OR REPLACE INTO unsorted VALUES (?, ?)').run(lastSeq, lines)
}

/** Whether there are events that a power loss has left unsorted, or a writer has not come to yet. */
export const hasUnsorted = (database: Database.Database): boolean =>
  database
    .prepare('SELECT 1 FROM unsorted WHERE last_seq > (SELECT coalesce(max(seq), 0) FROM events)')
    .get() !== undefined

/** Sorts in what a power loss has left unsorted. */
export const sortIn = (database: Database.Database, writer: Writer): void => {
  const lastSeq = database.prepare('SELECT coalesce(max(seq), 0) FROM events').pluck().get() as number
  let { state } = restoreOrBegin(database, lastSeq)
  const rows = database.prepare('SELECT last_seq FROM unsorted ORDER BY last_seq').pluck()
  const linesOf = database.prepare('SELECT events FROM unsorted WHERE last_seq = ?').pluck()
  for (const unsortedSeq of rows.all()) {
    state = writeWhatGoes(
      state,
      String(linesOf.get(unsortedSeq)).split('\n'),
      writingTo(writer, state.seq, false),
    )
  }
}
