import type { Database } from 'better-sqlite3'
import type { Step } from '../../../daemon/engine.ts'
import { createCheckpointWriter } from '../../../daemon/store/checkpoints.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { createRecorder } from '../../../daemon/store/recorder.ts'

/** A record of these steps, open for reading; with `checkpoints`, the seqs it has one at, and at no others. */
export const recordSteps = (
  steps: readonly Step[],
  file: string,
  checkpoints?: ReadonlySet<number>,
): Database => {
  const recorder = createRecorder(openDatabase(file))
  for (const step of steps) recorder.record(step)
  recorder.close()
  const database = openDatabase(file)
  if (!checkpoints) return database
  database.exec('DELETE FROM checkpoints')
  for (const { state } of steps) {
    if (checkpoints.has(state.seq)) createCheckpointWriter(database).write(state)
  }
  return database
}
