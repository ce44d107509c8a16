import { describe, expect, it } from 'vitest'
import {
  aTask,
  aWorld,
  firstTry,
  patchesObserved,
  sleeperBlocked,
  stalling,
  started,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'

const switchedSleeper = {
  kind: 'task-switched',
  tid: 264,
  pid: 264,
  comm: 'klpt-sleeper',
  cpu: 1,
  way: 'kernel-exit',
  to: 1,
} as const

describe('blocked tasks', () => {
  it('keep since when they are blocked while the reason changes', () => {
    const world = stalling()
    const since = world.state().blocked.get(264)?.since
    const later = world.at(12, { ...sleeperBlocked, reason: 'running', errno: 16, function: undefined })
    expect(world.state().blocked.get(264)).toMatchObject({
      since,
      lastSeen: later.time,
      reason: 'running',
      function: null,
    })
  })

  it('are no longer blocked when they switch', () => {
    const world = stalling()
    world.at(12, switchedSleeper)
    expect(world.state().blocked.size).toBe(0)
  })

  it('get their tries and what /proc says; unknown tasks do not appear by that', () => {
    const world = stalling()
    world.at(12, {
      kind: 'task-tries',
      tries: [
        [264, 5],
        [999, 5],
      ],
    })
    world.at(12, { kind: 'task-inspected', tid: 264, stack: ['f+0x1/0x2'], unit: 'a.service' })
    world.at(12, { kind: 'task-inspected', tid: 999, stack: [] })
    world.at(13, { kind: 'task-inspected', tid: 264, commandLine: 'cmd' })
    expect([...world.state().blocked.keys()]).toEqual([264])
    expect(world.state().blocked.get(264)).toMatchObject({
      tries: 5,
      stack: ['f+0x1/0x2'],
      unit: 'a.service',
      commandLine: 'cmd',
    })
  })

  it('the idle tasks of two CPUs are two tasks', () => {
    const world = stalling()
    const idle = { ...sleeperBlocked, tid: 0, pid: 0, comm: 'swapper', idle: true } as const
    world.at(12, { ...idle, cpu: 0 })
    world.at(12, { ...idle, cpu: 1 })
    world.at(12, { kind: 'task-tries', tries: [[-2, 7]] })
    world.at(13, { ...switchedSleeper, tid: 0, pid: 0, cpu: 0 })
    expect(world.state().blocked.get(-1)).toBeUndefined()
    expect(world.state().blocked.get(-2)).toMatchObject({ comm: 'swapper', tries: 7 })
  })

  describe('and snapshots', () => {
    it('a task at the target is not blocked, whatever was missed', () => {
      const world = stalling()
      world.at(12, tasksObserved([aTask(264, 1)], 0))
      expect(world.state().blocked.size).toBe(0)
    })

    it('until the first try has ended nobody is in the way, however long that takes; then who was not switched is', () => {
      const world = aWorld()
      world.at(10, transitionStarted())
      for (const second of [11, 14, 25]) world.at(second, tasksObserved([aTask(5, 0)], 1))
      expect(world.state().blocked.size).toBe(0)
      world.at(25.2, firstTry(25.1))
      world.at(26, tasksObserved([aTask(5, 0)], 1))
      expect(world.state().blocked.get(5)).toMatchObject({ reason: 'unknown', comm: 'task-5' })
    })

    it('of a first try that no probe tells sysfs does: `enabled` is written just before it', () => {
      const world = aWorld()
      world.at(10, transitionStarted())
      world.at(11, patchesObserved({ name: 'klpt_patch_v1', enabled: false, inTransition: true }))
      world.at(13, tasksObserved([aTask(5, 0)], 1))
      expect(world.state().blocked.size).toBe(0)
      world.at(14, patchesObserved({ name: 'klpt_patch_v1', inTransition: true }))
      world.at(14.5, tasksObserved([aTask(5, 0)], 1))
      expect(world.state().blocked.size).toBe(0)
      world.at(15.1, tasksObserved([aTask(5, 0)], 1))
      expect([...world.state().blocked.keys()]).toEqual([5])
    })

    it('what was read of an idle task before the first try had ended says nothing of it', () => {
      const world = aWorld()
      const idle = { ...aTask(0, 0, 'swapper/1'), idle: true, kthread: true, cpu: 1 }
      world.at(10, transitionStarted())
      world.at(12, firstTry(11.9))
      world.at(13, { ...tasksObserved([idle], 1), idleAsOfMonoNs: '11000000000' })
      expect(world.state().blocked.size).toBe(0)
      world.at(14, { ...tasksObserved([idle], 1), idleAsOfMonoNs: '13500000000' })
      expect([...world.state().blocked.keys()]).toEqual([-2])
    })

    it('of a transition that began before the tracer there is no such grace', () => {
      const world = aWorld()
      world.at(10, transitionStarted({ adopted: true }))
      world.at(10.1, tasksObserved([aTask(5, 0)], 1))
      expect([...world.state().blocked.keys()]).toEqual([5])
    })

    it('after a reversal the kernel has time for its next try', () => {
      const world = aWorld()
      world.at(10, transitionStarted())
      world.at(20, { kind: 'transition-reversed', patch: 'klpt_patch_v1', direction: 'unpatching' })
      world.at(21.9, tasksObserved([aTask(5, 1)], 1))
      expect(world.state().blocked.size).toBe(0)
      world.at(22, tasksObserved([aTask(5, 1)], 1))
      expect([...world.state().blocked.keys()]).toEqual([5])
    })

    it('of tasks that no transition concerns says nothing: it was read before this one, or after it', () => {
      const world = stalling()
      world.at(12, tasksObserved([aTask(264, -1), aTask(5, -1)], 0))
      expect([...world.state().blocked.keys()]).toEqual([264])
    })

    it('unpatching waits for tasks that are still patched', () => {
      const world = aWorld()
      world.at(10, transitionStarted({ direction: 'unpatching' }))
      world.at(11, firstTry(10, 'unpatching'))
      world.at(12, tasksObserved([aTask(5, 0), aTask(6, 1)], 1))
      expect([...world.state().blocked.keys()]).toEqual([6])
    })

    it('without a transition nobody is blocked', () => {
      const world = aWorld()
      world.at(12, tasksObserved([aTask(5, 0), aTask(6, 1)]))
      expect(world.state().blocked.size).toBe(0)
      expect(world.state().taskCounts).toMatchObject({ total: 2, patched: 1, unpatched: 1, undefined: 0 })
    })
  })

  it('that failed a try of their own before the first try of all are in the way only if that fails too', () => {
    const world = aWorld()
    world.at(1, { ...started(), kernel: '6.12.48+deb13-amd64' })
    world.at(10, transitionStarted())
    world.at(10.1, sleeperBlocked)
    world.at(10.1, { ...sleeperBlocked, tid: 300, pid: 300 })
    expect(world.state().blocked.size).toBe(0)
    world.at(14, { ...switchedSleeper, way: 'transition-worker' })
    world.at(14.1, firstTry(13.9))
    expect([...world.state().blocked.keys()]).toEqual([300])
  })
})
