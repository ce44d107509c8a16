import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { parseTime } from '../../../daemon/core/time.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { applicationId, migrations } from '../../../daemon/store/schema.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const steps = stepsOf(recordingsOf('replace')[0]!)

/** A record of an earlier version: its events, and none of the tables that came later. */
const anOldRecord = (version: number): string => {
  const file = dir.path('old.db')
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

/** All rows of all tables. */
const contents = (database: Database.Database): Record<string, unknown[]> => {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    .pluck()
    .all() as string[]
  return Object.fromEntries(
    tables.map((table) => [table, database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all()]),
  )
}

describe.each([1, 2])('a record of version %i', (version) => {
  it('is brought up to date: every table as if it had been written today', () => {
    const file = anOldRecord(version)
    const migrated = openDatabase(file)
    const written = recordSteps(steps, dir.path('new.db'))
    expect(migrated.pragma('user_version', { simple: true })).toBe(migrations.length)
    expect(contents(migrated)).toEqual(contents(written))
    expect(serializeState(restoreState(migrated, 20))).toBe(serializeState(steps[19]!.state))
    expect(migrated.pragma('auto_vacuum', { simple: true }), 'it can shrink from now on').toBe(2)
    migrated.close()
    written.close()
  })

  it('can be read, and is left as it is', () => {
    const file = anOldRecord(version)
    const before = readFileSync(file)
    const database = openDatabase(file, { readonly: true })
    expect(createPast(database).runs()).toHaveLength(1)
    expect(serializeState(restoreState(database))).toBe(serializeState(steps.at(-1)!.state))
    expect(() => database.exec('DELETE FROM events')).toThrow()
    database.close()
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})
