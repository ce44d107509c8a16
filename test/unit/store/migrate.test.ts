import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { openRecord } from '../../../daemon/store/open-record.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { migrations } from '../../../daemon/store/schema.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { anOldRecord } from '../support/old-record.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'
import { tableContents } from '../support/table-contents.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const steps = stepsOf(recordingsOf('replace')[0]!)

describe.each([1, 2])('a record of version %i', (version) => {
  it('is brought up to date: every table as if it had been written today', () => {
    const file = anOldRecord(dir.path('old.db'), steps, version)
    const migrated = openDatabase(file)
    const written = recordSteps(steps, dir.path('new.db'))
    expect(migrated.pragma('user_version', { simple: true })).toBe(migrations.length)
    expect(tableContents(migrated)).toEqual(tableContents(written))
    expect(serializeState(restoreState(migrated, 20))).toBe(serializeState(steps[19]!.state))
    expect(migrated.pragma('auto_vacuum', { simple: true }), 'it can shrink from now on').toBe(2)
    migrated.close()
    written.close()
  })

  it('can be read, and is left as it is', async () => {
    const file = anOldRecord(dir.path('old.db'), steps, version)
    const before = readFileSync(file)
    const { database, close } = await openRecord(file)
    expect(createPast(database).runs(10)).toHaveLength(1)
    expect(serializeState(restoreState(database))).toBe(serializeState(steps.at(-1)!.state))
    close()
    expect(readFileSync(file).equals(before)).toBe(true)
  })
})
