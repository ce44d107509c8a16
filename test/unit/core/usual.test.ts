import { describe, expect, it } from 'vitest'
import { view } from '../../../daemon/core/view.ts'
import {
  aTask,
  completed,
  observing,
  open,
  tasksObserved,
  told,
  transitionStarted,
  type World,
} from '../support/fold.ts'

describe('what is usual on this host', () => {
  /** Transitions that took so many seconds, one after the other. */
  const past = (...tookS: number[]) => {
    const world = observing()
    tookS.forEach((seconds, index) => {
      world.at(100 * (index + 1), transitionStarted())
      world.at(100 * (index + 1) + seconds, completed)
    })
    return world
  }
  const running = (world: World, seconds: number) => {
    world.at(10_000, transitionStarted())
    world.at(10_000 + seconds, tasksObserved([aTask(264, 0)], 1))
    return told(world).filter((finding) => finding.rule === 'transition-slow')
  }

  it('is known from five completed transitions on', () => {
    expect(view(past(2, 1, 4, 3).state()).baseline).toBeNull()
    expect(view(past(2, 1, 5, 4, 3).state()).baseline).toEqual({
      transitions: 5,
      medianMs: 3000,
      p95Ms: 5000,
      maxMs: 5000,
    })
    const twenty = Array.from({ length: 20 }, (_, index) => index + 1)
    expect(view(past(...twenty).state()).baseline).toMatchObject({
      medianMs: 10_000,
      p95Ms: 19_000,
      maxMs: 20_000,
    })
  })

  it('is that of the newest hundred', () => {
    const world = past(90, ...Array.from({ length: 100 }, () => 1))
    expect(view(world.state()).baseline).toMatchObject({ transitions: 100, maxMs: 1000 })
  })

  it('does not count the forced, the reversed, the cancelled, and those that began unseen', () => {
    const world = past(1, 1, 1, 1)
    const about = { patch: 'klpt_patch_v1', direction: 'patching' } as const
    world.at(1000, transitionStarted())
    world.at(1001, { kind: 'transition-forced', ...about })
    world.at(1002, completed)
    world.at(1010, transitionStarted())
    world.at(1011, { kind: 'transition-reversed', ...about, direction: 'unpatching' })
    world.at(1012, { ...completed, direction: 'unpatching' })
    world.at(1020, transitionStarted())
    world.at(1021, { kind: 'transition-cancelled', ...about })
    world.at(1030, transitionStarted({ adopted: true }))
    world.at(1031, completed)
    expect(world.state().pastDurationsMs).toEqual([1000, 1000, 1000, 1000])
  })

  it('transition-slow: one that takes longer than 95 % of them, until it is stalled or over', () => {
    const world = past(1, 2, 2, 3, 4)
    expect(running(world, 3.9)).toEqual([])
    world.at(10_004.5, tasksObserved([aTask(264, 0)], 1))
    expect(open(world)).toEqual(['transition-slow'])
    expect(told(world).at(-1)).toMatchObject({
      severity: 'info',
      subject: 'klpt_patch_v1',
      summary: expect.stringMatching(/longer than 95 % of the last 5 transitions on this host \(4\.0 s\)/),
      advice: expect.stringMatching(/Usual here is 2\.0 s.*stalled after 10\.0 s/),
    })
    world.at(10_011, tasksObserved([aTask(264, 0)], 1))
    expect(open(world)).toEqual(['transition-stalled'])
    world.at(10_012, completed)
    expect(open(world)).toEqual([])
  })

  it('transition-slow: not where too little is known, nor for less than a second', () => {
    expect(running(past(1, 1, 1, 1), 9)).toEqual([])
    expect(running(past(0.1, 0.1, 0.1, 0.1, 0.1), 0.9)).toEqual([])
    expect(running(past(0.1, 0.1, 0.1, 0.1, 0.1), 1.1)).toHaveLength(1)
  })
})
