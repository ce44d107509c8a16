import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type SilenceWatch, watchSilence } from '../../../daemon/sources/silence.ts'

describe('silence', () => {
  let watch: SilenceWatch
  let told: number[]
  let now: number
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate'] })
    told = []
    now = 1_000
    watch = watchSilence(
      () => told.push(now),
      () => now,
    )
  })
  afterEach(() => {
    watch.stop()
    vi.useRealTimers()
  })
  /** This process runs on for so long. */
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 250) {
      now += 250
      vi.advanceTimersByTime(250)
    }
  }

  it('is told once, within five seconds of the last word', () => {
    pass(3_000)
    watch.heard()
    const heardMs = now
    pass(4_000)
    expect(told).toEqual([])
    pass(10_000)
    expect(told).toHaveLength(1)
    expect((told[0] ?? 0) - heardMs).toBeLessThanOrEqual(5_000)
  })

  it('is none for a while after it was announced, until something is heard', () => {
    watch.excused()
    pass(30_000)
    expect(told).toEqual([])
    watch.heard()
    pass(6_000)
    expect(told).toHaveLength(1)
  })

  it('is none while something is heard every other second', () => {
    for (let second = 0; second < 60; second += 2) {
      pass(2_000)
      watch.heard()
    }
    expect(told).toEqual([])
  })

  it('is none when this process was held up: what came meanwhile has still to be read', () => {
    pass(2_000)
    now += 60_000
    pass(1_000)
    expect(told).toEqual([])
    watch.heard()
    pass(4_000)
    expect(told).toEqual([])
  })

  it('counts on after this process was held up', () => {
    pass(2_000)
    now += 60_000
    pass(4_000)
    expect(told).toHaveLength(1)
  })
})
