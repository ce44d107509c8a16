import { expect, it } from 'vitest'
import { startLiveServer } from '../support/live-server.ts'
import { aLongStory } from '../support/long-story.ts'
import { namedOtherwise } from '../support/named-otherwise.ts'
import { recordSteps } from '../support/record-steps.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()

it('a report is of the transition of any id, whatever it looks like', async () => {
  const id = '--output=/dev/null ü'
  const recordFile = dir.path('record.db')
  recordSteps(namedOtherwise(aLongStory(30), id), recordFile).close()
  const { url } = await startLiveServer({ recordFile })
  const ask = (of: string) => fetch(`${url}api/v1/transitions/${encodeURIComponent(of)}/report`)
  expect(await (await ask(id)).json()).toMatchObject({ transition: { id } })
  for (const none of ['--help', '-', '../3', 'a\0b', 'a\nb']) {
    const answer = await ask(none)
    expect([answer.status, await answer.json()]).toMatchObject([
      404,
      { error: expect.stringMatching(/^There is no transition/) },
    ])
  }
}, 30_000)
