import Database from 'better-sqlite3'
import { parseTime } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import { applicationId, migrations } from '../../../daemon/store/schema.ts'

/** A record as an earlier version left it: the events, and none of the tables that came later. @returns its file */
export const anOldRecord = (file: string, steps: readonly Step[], version: number): string => {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.pragma(`application_id = ${applicationId}`)
  for (const migration of migrations.slice(0, version)) database.exec(migration)
  database.pragma(`user_version = ${version}`)
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  for (const { event } of steps) {
    const { seq, time, monoNs, kind, patch, transition, tid } = event
    const columns = [patch ?? null, transition ?? null, tid ?? null]
    insert.run(seq, parseTime(time), BigInt(monoNs), kind, ...columns, JSON.stringify(event))
  }
  database.exec(`INSERT INTO series (name) VALUES ('remaining-tasks'); INSERT INTO points VALUES (1, 1, 1);
    INSERT INTO checkpoints VALUES (7, 0, '{"of": "another form"}')`)
  database.close()
  return file
}
