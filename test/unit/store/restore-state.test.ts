import { describe, expect, it } from 'vitest'
import { initialState } from '../../../daemon/core/core-state.ts'
import type { Step } from '../../../daemon/engine.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { createRecorder } from '../../../daemon/store/recorder.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { aWorld } from '../support/fold.ts'
import {
  readRecording,
  recordingNames,
  recordingsOf,
  runRecords,
  runsOf,
  stepsOf,
} from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const record = (steps: readonly Step[], file = dir.path('klpscope.db')): string => {
  const recorder = createRecorder(openDatabase(file))
  for (const step of steps) recorder.record(step)
  recorder.close()
  return file
}
const restored = (file: string, seq?: number): string => {
  const database = openDatabase(file, { readonly: true })
  try {
    return serializeState(restoreState(database, seq))
  } finally {
    database.close()
  }
}

describe.each(recordingNames)('recording %s', (name) => {
  const steps = stepsOf(name)

  it('the record gives the live state, byte for byte, with its checkpoint and without', () => {
    const file = record(steps)
    const live = serializeState(steps.at(-1)!.state)
    expect(restored(file)).toBe(live)
    const database = openDatabase(file)
    expect(database.prepare('DELETE FROM checkpoints').run().changes).toBeGreaterThan(0)
    database.close()
    expect(restored(file)).toBe(live)
  })

  it('and the state at any moment before', () => {
    const file = record(steps)
    const stride = Math.max(1, Math.floor(steps.length / 7))
    for (let at = 0; at < steps.length; at += stride) {
      const { event, state } = steps[at]!
      expect(restored(file, event.seq), `at seq ${event.seq}`).toBe(serializeState(state))
    }
  })
})

it('an event is folded once, also when it is the one the checkpoint was made at', () => {
  const world = aWorld()
  const steps: Step[] = [1, 2, 3].map((second) => {
    const event = world.at(second, { kind: 'events-lost', source: 'tracer', count: 1 })
    return { event, state: world.state(), effects: [] }
  })
  const file = record(steps)
  expect(restored(file)).toBe(serializeState(world.state()))
  expect(restored(file, 2)).toBe(serializeState(steps[1]!.state))
})

it('an empty record gives the state before anything', () => {
  const file = dir.path('klpscope.db')
  openDatabase(file).close()
  expect(restored(file)).toBe(serializeState(initialState))
})

it.each(recordingsOf('restart'))('%s: two daemons, one after the other, make one record', (name) => {
  const file = dir.path('klpscope.db')
  for (const run of runsOf(readRecording(name))) {
    const database = openDatabase(file)
    const from = restoreState(database)
    database.close()
    record(runRecords(run, from), file)
  }
  expect(restored(file)).toBe(serializeState(stepsOf(name).at(-1)!.state))
})
