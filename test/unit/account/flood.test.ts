import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { singleFrames } from '../../bench/account.ts'
import { floodWithKills } from '../../bench/account-flood.ts'
import { bundleProgram, bundleStoreWorker } from '../support/bundle.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-flood-'))
afterAll(() => rmSync(dir, { recursive: true }))

it('emitted is recorded plus lost, to the unit, in a flood with kills and stops in between', async () => {
  const result = await floodWithKills({
    childFile: await bundleProgram('test/bench/account-child.ts', dir),
    workerFile: await bundleStoreWorker(dir),
    dir,
    ...singleFrames(join(import.meta.dirname, '../../recordings')),
    seconds: 12,
    framesPerS: 20_000,
    meanRunS: 1.5,
  })
  expect(result).toMatchObject({ difference: 0, problems: [] })
  expect(result.kills + result.stops).toBeGreaterThan(2)
  expect(result.recorded).toBeGreaterThan(1_000)
}, 180_000)
