import { describe, expect, it } from 'vitest'
import {
  allProbes,
  aTask,
  attached,
  aWorld,
  type Happening,
  patchesObserved,
  sleeperBlocked,
  started,
  tasksObserved,
  transitionStarted,
  type World,
} from '../support/fold.ts'

const completed = { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' } as const
const switchedSleeper = {
  kind: 'task-switched',
  tid: 264,
  pid: 264,
  comm: 'klpt-sleeper',
  cpu: 1,
  way: 'kernel-exit',
  to: 1,
} as const

/** A transition of two tasks, one of which is blocked. */
const stalling = (world: World = aWorld()): World => {
  world.at(1, started())
  world.at(2, attached)
  world.at(10, transitionStarted())
  world.at(10.1, sleeperBlocked)
  world.at(11, tasksObserved([aTask(1, 1), aTask(264, 0, 'klpt-sleeper')], 1))
  return world
}

describe('a transition', () => {
  it('runs, and is the last one when it has ended', () => {
    const world = aWorld()
    const { transition: id } = world.at(1, transitionStarted())
    expect(world.state().transition).toMatchObject({ id, outcome: 'running', startKnown: true, reversals: 0 })
    world.at(3.5, completed)
    expect(world.state().transition).toBeNull()
    expect(world.state().lastTransition).toMatchObject({
      id,
      outcome: 'completed',
      durationMs: 2500,
      remaining: 0,
      stalled: false,
    })
  })

  it('gives its id to all that belongs to it, and to nothing else', () => {
    const world = aWorld()
    expect(world.at(0, sleeperBlocked).transition).toBeUndefined()
    const { transition: id } = world.at(1, transitionStarted())
    expect(id).toBeDefined()
    expect(world.at(2, sleeperBlocked).transition).toBe(id)
    expect(world.at(2, patchesObserved()).transition).toBeUndefined()
    expect(world.at(3, completed).transition).toBe(id)
    expect(world.at(4, sleeperBlocked).transition).toBeUndefined()
    expect(world.at(5, transitionStarted()).transition).not.toBe(id)
  })

  it('is stalled after the given time, exactly, and no longer when it has ended', () => {
    const world = stalling()
    world.at(20, tasksObserved([aTask(264, 0)], 1))
    expect(world.state().transition).toMatchObject({ stalled: false, durationMs: 10_000 })
    world.at(20.001, tasksObserved([aTask(264, 0)], 1))
    expect(world.state().transition?.stalled).toBe(true)
    world.at(21, completed)
    expect(world.state().lastTransition?.stalled).toBe(false)
  })

  it('keeps its identity when it is reversed, and forgets who blocked the other direction', () => {
    const world = stalling()
    const id = world.state().transition?.id
    world.at(12, { kind: 'transition-reversed', patch: 'klpt_patch_v1', direction: 'unpatching' })
    expect(world.state().transition).toMatchObject({ id, direction: 'unpatching', reversals: 1 })
    expect(world.state().blocked.size).toBe(0)
    world.at(13, { ...completed, direction: 'unpatching' })
    expect(world.state().lastTransition).toMatchObject({ id, direction: 'unpatching', outcome: 'completed' })
  })

  it('remembers that it was forced and signalled', () => {
    const world = stalling()
    const about = { patch: 'klpt_patch_v1', direction: 'patching' } as const
    world.at(12, { kind: 'transition-signalled', ...about, round: 2 })
    world.at(13, { kind: 'transition-forced', ...about })
    world.at(14, completed)
    expect(world.state().lastTransition).toMatchObject({ forced: true, signalRounds: 2 })
  })

  it('tells what each signal round changed, until the next one', () => {
    const world = stalling()
    const about = { patch: 'klpt_patch_v1', direction: 'patching' } as const
    const blocked = (tid: number) => world.at(11, { ...sleeperBlocked, tid, pid: tid, comm: `task-${tid}` })
    for (const tid of [1, 2, 3, 4]) blocked(tid)
    const before = world.state().blocked.size
    world.at(12, { kind: 'transition-signalled', ...about, round: 1 })
    const way = 'kernel-exit'
    world.at(13, { kind: 'task-switched', tid: 1, pid: 1, comm: 'task-1', cpu: 0, way, to: 1 })
    const rest = [aTask(3, 0), aTask(264, 0)]
    world.at(14, tasksObserved([...rest, aTask(2, 1)], 2))
    world.at(15, { kind: 'transition-signalled', ...about, round: 2 })
    expect(world.state().transition?.signals).toMatchObject([
      {
        round: 1,
        blocked: before,
        leftTotal: before - 2,
        left: expect.arrayContaining([
          expect.objectContaining({
            tid: 1,
            comm: 'task-1',
            way: 'kernel-exit',
            at: expect.stringMatching(/:13/),
          }),
          expect.objectContaining({ tid: 2, way: 'snapshot' }),
          // It ended.
          expect.objectContaining({ tid: 4, way: null }),
        ]),
      },
      { round: 2, blocked: 2, leftTotal: 0, left: [] },
    ])
    world.at(16, completed)
    expect(world.state().lastTransition?.signals).toMatchObject([{}, { round: 2, leftTotal: 2 }])
    expect(world.state().blocked.size).toBe(0)
  })

  it('does not take those that a reversal lets go for the signal’s', () => {
    const world = stalling()
    const about = { patch: 'klpt_patch_v1', direction: 'patching' } as const
    world.at(12, { kind: 'transition-signalled', ...about, round: 1 })
    world.at(13, { kind: 'transition-reversed', patch: 'klpt_patch_v1', direction: 'unpatching' })
    expect(world.state().transition?.signals).toMatchObject([{ leftTotal: 0 }])
  })

  it('keeps the newest rounds of a long stall, and the first tasks of a crowd', () => {
    const world = stalling()
    const about = { patch: 'klpt_patch_v1', direction: 'patching' } as const
    for (let tid = 1; tid <= 50; tid++) world.at(11, { ...sleeperBlocked, tid, pid: tid })
    for (let round = 1; round <= 30; round++)
      world.at(11 + round, { kind: 'transition-signalled', ...about, round })
    world.at(50, tasksObserved([aTask(264, 0)], 1))
    const signals = world.state().transition?.signals ?? []
    expect(signals.map(({ round }) => round)).toEqual(Array.from({ length: 20 }, (_, index) => index + 11))
    expect(signals.at(-1)).toMatchObject({ leftTotal: 50, left: { length: 10 } })
  })

  it('that another one follows without an end has an unknown outcome', () => {
    const world = stalling()
    world.at(12, { ...transitionStarted(), patch: 'klpt_patch_v2' })
    expect(world.state().transition).toMatchObject({ patch: 'klpt_patch_v2', outcome: 'running' })
    expect(world.state().lastTransition).toMatchObject({ patch: 'klpt_patch_v1', outcome: 'unknown' })
  })

  it('that a callback cancels before it starts is on record all the same', () => {
    const world = aWorld()
    world.at(1, {
      kind: 'transition-cancelled',
      patch: 'bad',
      direction: 'patching',
      pid: 7,
      comm: 'insmod',
    })
    expect(world.state().transition).toBeNull()
    expect(world.state().lastTransition).toMatchObject({
      patch: 'bad',
      outcome: 'cancelled',
      requester: { pid: 7, comm: 'insmod' },
    })
  })
})

describe('a transition that was adopted', () => {
  it('becomes exact when the probe sees it, keeps its id and its place in history', () => {
    const world = aWorld()
    const first = world.at(5, transitionStarted({ adopted: true }))
    expect(world.state().transition).toMatchObject({ startKnown: false })
    const exact = world.at(4, { ...transitionStarted(), requester: { pid: 5, comm: 'insmod' } })
    expect(exact.transition).toBe(first.transition)
    expect(world.state().transition).toMatchObject({
      id: first.transition,
      startKnown: true,
      startedAt: exact.time,
      requester: { pid: 5, comm: 'insmod' },
    })
    expect(world.state().lastTransition).toBeNull()
  })

  it('is not adopted twice: a restarted daemon goes on with it and with who blocks it', () => {
    const world = stalling()
    const id = world.state().transition?.id
    world.at(12, started())
    const again = world.at(12, transitionStarted({ adopted: true }))
    expect(again.transition).toBe(id)
    expect(world.state().transition).toMatchObject({ id, startKnown: true })
    expect([...world.state().blocked.keys()]).toEqual([264])
  })

  it('an exact one is always followed by another one', () => {
    const world = stalling()
    const id = world.state().transition?.id
    expect(world.at(12, transitionStarted()).transition).not.toBe(id)
  })
})

describe('a new run of the daemon', () => {
  it('keeps an open transition of the same boot, and its gaps', () => {
    const world = stalling()
    world.at(12, {
      kind: 'tracer-gap',
      source: 'bpftrace',
      fromMonoNs: '11000000000',
      toMonoNs: '12000000000',
      reason: 'killed',
    })
    world.at(13, { kind: 'tracer-stopped', reason: 'SIGTERM' })
    expect(world.state().tracer.status).toBe('stopped')
    world.at(14, started('boot-1'))
    expect(world.state().transition?.outcome).toBe('running')
    expect(world.state().tracer).toMatchObject({ status: 'starting', gaps: [{ reason: 'killed' }] })
  })

  it('finds that it ended meanwhile: how is not known', () => {
    const world = stalling()
    world.at(14, started('boot-1'))
    expect(world.state().transition).not.toBeNull()
    world.at(15, { ...patchesObserved({ name: 'klpt_patch_v1' }), first: true })
    expect(world.state().transition).toBeNull()
    expect(world.state().lastTransition).toMatchObject({ outcome: 'unknown' })
  })

  it('after a reboot forgets what the reboot ended', () => {
    const world = stalling()
    world.at(15, patchesObserved({ name: 'klpt_patch_v1', inTransition: true }))
    world.at(3, started('boot-2'))
    const state = world.state()
    expect(state.transition).toBeNull()
    expect(state.lastTransition).toMatchObject({ outcome: 'unknown', endedAt: null, stalled: false })
    expect([state.blocked.size, state.tasks.size, state.patches.length]).toEqual([0, 0, 0])
    expect(state.tracer.gaps).toEqual([])
    expect(state.host?.bootId).toBe('boot-2')
  })
})

describe('the tracer', () => {
  const status = (...availability: boolean[]) => {
    const world = aWorld()
    world.at(1, started())
    world.at(2, {
      kind: 'tracer-attached',
      probeSets: allProbes.map((set, index) => ({ ...set, available: availability[index] ?? false })),
    })
    return world.state().tracer.status
  }

  it('observes with all probe sets, is degraded with some, blind with none', () => {
    expect(status(true, true, true)).toBe('observing')
    expect(status(true, false, true)).toBe('degraded')
    expect(status(false, false, false)).toBe('blind')
  })

  it('that died is starting until it is attached again; the gap has both its ends', () => {
    const world = aWorld()
    world.at(0, { kind: 'clock-mapped', offsetNs: '1700000000000000000' })
    world.at(1, started())
    world.at(2, attached)
    world.at(9, {
      kind: 'tracer-gap',
      source: 'bpftrace',
      fromMonoNs: '5000000000',
      toMonoNs: '9000000000',
      reason: 'killed',
    })
    expect(world.state().tracer).toMatchObject({
      status: 'starting',
      gaps: [{ from: '2023-11-14T22:13:25.000000000Z', to: '2023-11-14T22:13:29.000000000Z' }],
    })
    world.at(10, attached)
    expect(world.state().tracer.status).toBe('observing')
  })

  it('keeps the 20 newest gaps, newest first', () => {
    const world = aWorld()
    for (let n = 1; n <= 25; n++) {
      world.at(n, { kind: 'tracer-gap', source: 's', fromMonoNs: '0', toMonoNs: '0', reason: `gap ${n}` })
    }
    const reasons = world.state().tracer.gaps.map((gap) => gap.reason)
    expect(reasons).toHaveLength(20)
    expect([reasons[0], reasons[19]]).toEqual(['gap 25', 'gap 6'])
  })

  it('counts what was lost and what could not be read, per run', () => {
    const world = aWorld()
    world.at(1, started())
    world.at(2, { kind: 'events-lost', source: 'bpftrace', count: 3 })
    world.at(3, { kind: 'events-lost', source: 'bpftrace', count: 4 })
    world.at(4, { kind: 'decode-failed', source: 'bpftrace', error: 'e', raw: 'r' })
    expect(world.state().tracer).toMatchObject({ eventsLost: 7, decodeFailures: 1 })
    world.at(5, started())
    expect(world.state().tracer).toMatchObject({ eventsLost: 0, decodeFailures: 0 })
  })
})

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

    it('in the first second a task that was not tried yet is not called blocked; afterwards it is', () => {
      const world = aWorld()
      world.at(10, transitionStarted())
      world.at(10.9, tasksObserved([aTask(5, 0)], 1))
      expect(world.state().blocked.size).toBe(0)
      world.at(11, tasksObserved([aTask(5, 0)], 1))
      expect(world.state().blocked.get(5)).toMatchObject({ reason: 'unknown', comm: 'task-5' })
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
})

it('patches are shown by what they are doing, in the order the kernel tells', () => {
  const world = aWorld()
  world.at(
    1,
    patchesObserved(
      { name: 'd', enabled: false, stackOrder: 4 },
      { name: 'b', enabled: true, inTransition: true, stackOrder: 2 },
      { name: 'a', stackOrder: 1 },
      { name: 'c', enabled: false, inTransition: true, stackOrder: 3 },
    ),
  )
  expect(world.state().patches.map((patch) => `${patch.name} ${patch.state}`)).toEqual([
    'a enabled',
    'b enabling',
    'c disabling',
    'd disabled',
  ])
})

describe('shadow variables', () => {
  const count = {
    id: '0x1001',
    live: 3,
    allocated: 5,
    freed: 2,
    found: 0,
    duplicates: 0,
    failures: 0,
    missed: 0,
    sizesBytes: [16],
  }
  const counts = (own: Partial<typeof count> = {}): Happening => ({
    kind: 'shadow-counts',
    counts: [{ ...count, ...own }],
    notStreamed: 0,
  })

  it('have rates over the time between two counts', () => {
    const world = aWorld()
    world.at(1, counts())
    expect(world.state().shadow.ids.get('0x1001')).toMatchObject({ allocatedPerS: 0, liveBytes: 48 })
    world.at(3, counts({ allocated: 9, freed: 4 }))
    expect(world.state().shadow.ids.get('0x1001')).toMatchObject({ allocatedPerS: 2, freedPerS: 1 })
  })

  it('have no bytes when their sizes differ, or some are older than the tracer', () => {
    const world = aWorld()
    world.at(1, counts({ sizesBytes: [8, 16] }))
    expect(world.state().shadow.ids.get('0x1001')?.liveBytes).toBeNull()
    world.at(2, counts({ live: 6 }))
    expect(world.state().shadow.ids.get('0x1001')?.liveBytes).toBeNull()
    // Those that it saw come are gone again.
    world.at(3, counts({ live: 3, allocated: 5, freed: 5 }))
    expect(world.state().shadow.ids.get('0x1001')?.liveBytes).toBeNull()
  })

  it('are forgotten when the tracer that counted them dies, not when another source has a gap', () => {
    const world = aWorld()
    world.at(1, counts())
    const gap = { kind: 'tracer-gap', fromMonoNs: '1', toMonoNs: '2', reason: 'x' } as const
    world.at(2, { ...gap, source: 'observer' })
    expect(world.state().shadow.ids.size).toBe(1)
    world.at(3, { ...gap, source: 'bpftrace' })
    expect(world.state().shadow).toMatchObject({ adoption: 'pending', countedMonoNs: null })
    expect(world.state().shadow.ids.size).toBe(0)
  })
})

describe('points for the charts', () => {
  const points = (world: World) =>
    world.effects.flatMap((effect) => (effect.kind === 'point' ? [[effect.name, effect.value]] : []))

  it('tasks remaining, down to zero, then the line ends', () => {
    const world = stalling()
    world.at(12, completed)
    expect(points(world)).toEqual([
      ['remaining-tasks', 1],
      ['remaining-tasks', 0],
      ['remaining-tasks', null],
    ])
  })

  it('of quiet times there is no line of remaining tasks', () => {
    const world = aWorld()
    world.at(1, tasksObserved([aTask(1, -1)]))
    expect(points(world)).toEqual([])
  })
})
