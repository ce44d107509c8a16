import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'

const recordings = join(import.meta.dirname, '../../recordings')

describe.each(recordingNames)('recording %s', (name) => {
  it('ends, byte for byte, in the state that the live run ended in', async () => {
    const state = serializeState(stepsOf(name).at(-1)!.state)
    await expect(state).toMatchFileSnapshot(join(recordings, `${name}.state`))
  })
})
