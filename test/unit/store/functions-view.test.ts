import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { applicationId, migrations } from '../../../daemon/store/schema.ts'
import { anOldRecord } from '../support/old-record.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const steps = stepsOf(recordingsOf('same-name')[0]!)
const twins =
  'SELECT function, sympos FROM functions WHERE patch_id = (SELECT max(id) FROM patches) ORDER BY sympos'
const apart = [
  { function: 'klpt_twin_show', sympos: 1 },
  { function: 'klpt_twin_show', sympos: 2 },
]

it('functions of one name in one object are told apart, as far as anything was told of them', () => {
  const database = recordSteps(steps, dir.path('record.db'))
  expect(database.prepare(twins).all()).toEqual(apart)
  // As sysfs alone tells them: no number means the first, or the only one.
  database.exec('UPDATE patches SET inventory = NULL')
  expect(database.prepare(twins).all()).toEqual([{ ...apart[0], sympos: null }, apart[1]])
  database.close()
})

it.each(migrations.map((_, at) => at + 1))('also in a record of version %d, once it is opened', (version) => {
  const old = dir.path('old.db')
  if (version < 3) anOldRecord(old, steps, version)
  else withTheSameRows(old, version)
  const database = openDatabase(old)
  expect(database.prepare(twins).all()).toEqual(apart)
  database.close()
})

/** The tables have been the same since version 3. */
const withTheSameRows = (old: string, version: number): void => {
  recordSteps(steps, dir.path('record.db')).close()
  const database = new Database(old)
  database.pragma(`application_id = ${applicationId}`)
  for (const migration of migrations.slice(0, version)) database.exec(migration)
  database.pragma(`user_version = ${version}`)
  database.prepare('ATTACH ? AS whole').run(dir.path('record.db'))
  const tables = database.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").pluck()
  // Without generated ones.
  const columnsOf = database.prepare("SELECT group_concat(name, ', ') FROM pragma_table_info(?)").pluck()
  for (const table of tables.all()) {
    const columns = columnsOf.get(table)
    database.exec(`INSERT INTO main.${table} (${columns}) SELECT ${columns} FROM whole.${table}`)
  }
  database.close()
}
