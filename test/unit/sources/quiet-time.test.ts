import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createQuietTime } from '../../../daemon/sources/quiet-time.ts'

const settleMs = 60

it('runs at once while nothing has disturbed', async () => {
  const quiet = createQuietTime(settleMs)
  expect(await quiet.run(async () => 'done')).toBe('done')
})

it('waits until the last disturbance is long enough ago', async () => {
  const quiet = createQuietTime(settleMs)
  let ran = false
  quiet.disturb()
  const running = quiet.run(async () => {
    ran = true
  })
  await sleep(settleMs / 2)
  quiet.disturb()
  await sleep(settleMs / 2 + 10)
  expect(ran).toBe(false)
  await running
  expect(ran).toBe(true)
})

it('breaks off what runs and begins it again', async () => {
  const quiet = createQuietTime(settleMs)
  let begun = 0
  const running = quiet.run(async (signal) => {
    begun++
    await sleep(begun === 1 ? 10_000 : 0, undefined, { signal })
    return begun
  })
  await sleep(10)
  quiet.disturb()
  expect(await running).toBe(2)
})

it('a job that fails by itself is not repeated', async () => {
  const quiet = createQuietTime(settleMs)
  await expect(quiet.run(async () => Promise.reject(new Error('no such file')))).rejects.toThrow(
    'no such file',
  )
})

it('stopping ends the wait', async () => {
  const quiet = createQuietTime(60_000)
  quiet.disturb()
  const running = quiet.run(async () => 'never')
  quiet.stop()
  await expect(running).rejects.toThrow()
})

it('a pause ends early when something disturbs, once that is so long ago, but not never', async () => {
  const quiet = createQuietTime(settleMs)
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
