import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createQuietTime } from '../../../daemon/sources/quiet-time.ts'

it('a pause ends early when something disturbs, once that is so long ago, but not never', async () => {
  const quiet = createQuietTime()
  const tookMs = async (pause: Promise<void>) => {
    const startedAt = performance.now()
    await pause
    return performance.now() - startedAt
  }
  expect(await tookMs(quiet.pause(60, 0, 1_000))).toBeGreaterThan(50)
  const disturbed = tookMs(quiet.pause(60_000, 60, 60_000))
  await sleep(20)
  quiet.disturb()
  expect(await disturbed).toBeGreaterThan(70)
  expect(await disturbed).toBeLessThan(5_000)
  quiet.disturb()
  expect(await tookMs(quiet.pause(10, 60_000, 60))).toBeLessThan(5_000)
  const stopped = quiet.pause(60_000, 60_000, 60_000)
  quiet.stop()
  await stopped
})
