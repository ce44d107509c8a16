import { existsSync, writeFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { createRecordFile } from '../../../daemon/store/record-file.ts'

/**
 * What is left after the power went, looked at in the VM: by SQLite alone, and then as the next daemon opens it.
 *
 * usage: look DATABASE RESULT
 */
const [, , file = '', result = ''] = process.argv

const ask = (...questions: string[]): unknown[] => {
  const database = new Database(file)
  const answers = questions.map((sql) => database.prepare(sql).pluck().get())
  database.close()
  return answers
}
const integrity = 'PRAGMA integrity_check'
const left = existsSync(file)
  ? ask(integrity, 'SELECT coalesce(max(seq), 0) FROM events', 'SELECT count(*) FROM unsorted')
  : ['ok', 0, 0]

const record = createRecordFile(file, { days: null, mb: null })
const begun = performance.now()
const { state, failure } = record.open()
const openingMs = performance.now() - begun
record.close()

const [, lastSorted, unsorted] = left
const [last, count] = ask('SELECT coalesce(max(seq), 0) FROM events', 'SELECT count(*) FROM events')
writeFileSync(
  result,
  JSON.stringify({
    integrity: [left[0], ...ask(integrity)],
    failure,
    lastSorted,
    unsorted,
    last,
    count,
    state,
    openingMs,
  }),
)
