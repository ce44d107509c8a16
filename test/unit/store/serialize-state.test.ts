import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createCheckpointWriter } from '../../../daemon/store/checkpoints.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { serializeState, stateVersion } from '../../../daemon/store/serialize-state.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

/** Keys of maps and records are contents, not form. */
const isName = (key: string): boolean => !/^[a-z][A-Za-z]*$/.test(key) || key.startsWith('klpt')

const formOf = (value: unknown, path: string, found: Set<string>): void => {
  if (typeof value !== 'object' || value === null) {
    found.add(path)
    return
  }
  for (const [key, inner] of Object.entries(value)) formOf(inner, `${path}.${isName(key) ? '*' : key}`, found)
}

/** Every key that the states of all recordings have, each once. */
const form = (): string => {
  const found = new Set<string>()
  for (const name of recordingNames) {
    for (const { state } of stepsOf(name)) formOf(JSON.parse(serializeState(state)), '', found)
  }
  return createHash('sha256')
    .update([...found].sort().join('\n'))
    .digest('hex')
    .slice(0, 16)
}

describe('the version of a state', () => {
  // Folded before the test begins: beside virtual machines it takes longer than a test may.
  const found = form()

  // When this fails: raise formVersion in serialize-state.ts, unless only the recordings are others; note both here.
  it('changes with its form', () =>
    expect([stateVersion.split('-')[0], found]).toEqual(['10', '2c6452e2c0fee652']))
})

describe('a checkpoint of another form', () => {
  const dir = useTemporaryDir()
  const steps = stepsOf(recordingNames[0]!)
  const live = serializeState(steps.at(-1)!.state)

  it('is left alone: the state is folded from the events', () => {
    const database = recordSteps(steps, dir.path('a.db'))
    createCheckpointWriter(database).write({ ...steps[3]!.state, seq: 7, stalledAfterMs: 1 })
    database.prepare("UPDATE checkpoints SET version = 'another'").run()
    expect(serializeState(restoreState(database))).toBe(live)
    database.close()
  })

  it('is replaced when the record is opened to go on with it', () => {
    const database = recordSteps(steps, dir.path('a.db'))
    database.prepare("UPDATE checkpoints SET version = 'another'").run()
    database.close()
    const again = openDatabase(dir.path('a.db'))
    expect(again.prepare('SELECT DISTINCT version FROM checkpoints').pluck().all()).toEqual([stateVersion])
    expect(serializeState(restoreState(again))).toBe(live)
    again.close()
  })

  it('comes with transitions of which an older version knew less: they get their phases from the events', () => {
    const database = recordSteps(stepsOf('stall-sleeping-6.12'), dir.path('a.db'))
    const data = () => database.prepare('SELECT data FROM transitions ORDER BY id').pluck().all()
    const whole = data()
    database.exec(
      "UPDATE transitions SET data = json_remove(data, '$.phases'); UPDATE checkpoints SET version = 'another'",
    )
    expect(data()).not.toEqual(whole)
    database.close()
    const again = openDatabase(dir.path('a.db'))
    expect(again.prepare('SELECT data FROM transitions ORDER BY id').pluck().all()).toEqual(whole)
    again.close()
  })
})
