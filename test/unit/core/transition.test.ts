import { describe, expect, it } from 'vitest'
import { longestPhase, phaseSpans } from '../../../daemon/words/phases.ts'
import {
  aTask,
  aWorld,
  completed,
  open,
  patchesObserved,
  sleeperBlocked,
  stalling,
  started,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'

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

  it('is not stalled any more when it is turned round, until that lasts as long', () => {
    const world = stalling()
    world.at(25, tasksObserved([aTask(264, 0, 'klpt-sleeper')], 1))
    expect(world.state().transition).toMatchObject({ stalled: true, durationMs: 15_000 })
    world.at(26, { kind: 'transition-reversed', patch: 'klpt_patch_v1', direction: 'unpatching' })
    expect(open(world)).not.toContain('transition-stalled')
    expect(world.state().transition?.stalled).toBe(false)
    world.at(34, tasksObserved([aTask(264, 0, 'klpt-sleeper')], 1))
    expect(world.state().transition).toMatchObject({ stalled: false, durationMs: 24_000 })
    world.at(37, tasksObserved([aTask(264, 0, 'klpt-sleeper')], 1))
    expect(world.state().transition?.stalled).toBe(true)
    // Of the time that it took in all, that before was most.
    expect(longestPhase(phaseSpans(world.state().transition!))?.phase).toBe('before-reversal')
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
      source: 'tracer',
      fromMonoNs: '11000000000',
      toMonoNs: '12000000000',
      reason: 'killed',
    })
    world.at(13, { kind: 'tracer-stopped', reason: 'SIGTERM' })
    expect(world.state().tracer.status).toBe('stopped')
    world.at(14, started('boot-1'))
    expect(world.state().transition?.outcome).toBe('running')
    expect(world.state().tracer.status).toBe('starting')
    expect(world.state().tracer.gaps.map(({ reason }) => reason)).toContain('killed')
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
    expect(state.host?.bootId).toBe('boot-2')
  })
})
