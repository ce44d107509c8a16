import { describe, expect, it } from 'vitest'
import { taskKey } from '../../../daemon/core/task-key.ts'
import {
  aTask,
  aWorld,
  completed,
  sleeperBlocked,
  stalling,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'

const ofOther = { ...completed, patch: 'klpt_patch_v2' } as const

describe('a step of a transition', () => {
  it('of another patch ends the one that was known to run, whose end nobody saw', () => {
    const world = stalling()
    const id = world.state().transition?.id
    const event = world.at(30, ofOther)
    expect(event.transition).toBeUndefined()
    expect(world.state()).toMatchObject({ transition: null, lastTransition: { id, outcome: 'unknown' } })
    expect(world.state().blocked.size).toBe(0)
    expect(world.state().pastDurationsMs).toEqual([])
  })

  it('of an earlier transition, read late, says nothing of the one that runs', () => {
    const world = stalling()
    const { transition, blocked } = world.state()
    world.at(1, ofOther)
    world.at(1, { ...ofOther, kind: 'transition-reversed' })
    expect(world.state().transition).toEqual(transition)
    expect(world.state().blocked).toBe(blocked)
    expect(world.effects.filter((effect) => effect.kind === 'point' && effect.value === 0)).toEqual([])
    world.at(31, completed)
    expect(world.state().lastTransition).toMatchObject({ id: transition?.id, outcome: 'completed' })
  })

  it('cancels what was not seen to start, and not the one of another patch', () => {
    const world = stalling()
    const running = world.state().transition?.id
    const event = world.at(30, { ...ofOther, kind: 'transition-cancelled' })
    expect(event.transition).toBe(String(event.seq))
    expect(event.transition).not.toBe(running)
    expect(world.state().lastTransition).toMatchObject({ patch: 'klpt_patch_v2', outcome: 'cancelled' })
    world.at(31, transitionStarted())
    expect(world.state().transition?.id).not.toBe(running)
  })
})

describe('a tid that was reused', () => {
  it.each([
    ['by another program', { comm: 'other' }],
    ['by another process', { pid: 263 }],
  ])('%s inherits nothing of the dead task', (_, other) => {
    const world = stalling()
    world.at(11, {
      kind: 'task-inspected',
      tid: 264,
      stack: ['klpt_sleep_in_function+0x1/0x2'],
      commandLine: 'old',
      unit: 'old.service',
    })
    world.at(12, { ...sleeperBlocked, ...other })
    expect(world.state().blocked.get(264)).toMatchObject({
      ...other,
      stack: null,
      commandLine: null,
      unit: null,
      since: world.events.at(-1)?.time,
    })
  })

  it('by the same program is known by its start', () => {
    const world = stalling()
    world.at(11, tasksObserved([aTask(264, 0)], 1))
    const before = world.state().blocked.get(264)
    expect(before?.reason).toBe('sleeping-on-function')
    world.at(12, tasksObserved([{ ...aTask(264, 0), startNs: '11500000000' }], 1))
    expect(world.state().blocked.get(264)).toMatchObject({ reason: 'unknown', function: null })
    expect(world.state().blocked.get(264)?.since).not.toBe(before?.since)
  })

  it('keeps what was told of the new task before a snapshot showed it', () => {
    const world = stalling()
    world.at(12, { ...sleeperBlocked, comm: 'other' })
    world.at(13, tasksObserved([{ ...aTask(264, 0, 'other'), startNs: '11500000000' }], 1))
    expect(world.state().blocked.get(264)).toMatchObject({ comm: 'other', reason: 'sleeping-on-function' })
  })

  it('is not taken for reused where /proc rounds its start down to a tick', () => {
    const world = stalling()
    world.at(11, tasksObserved([aTask(264, 0)], 1))
    const before = world.state().blocked.get(264)
    const startNs = String(BigInt(aTask(264, 0).startNs) + 9_999_999n)
    world.at(12, tasksObserved([{ ...aTask(264, 0), startNs }], 1))
    expect(world.state().blocked.get(264)?.since).toBe(before?.since)
    expect(world.state().blocked.get(264)?.reason).toBe('sleeping-on-function')
  })
})

it('the idle task of a CPU that is not known is not that of CPU 0', () => {
  const keys = [{ tid: 0 }, { tid: 0, cpu: null }, { tid: 0, cpu: 0 }, { tid: 0, cpu: 8191 }].map(taskKey)
  expect(keys[0]).toBe(keys[1])
  expect(new Set(keys.slice(1)).size).toBe(3)
})

it('the number of the event that told of a transition is a field, and not read out of its id', () => {
  const world = stalling()
  const told = world.events.find(({ kind }) => kind === 'transition-started')
  const before = world.state()
  const named = aWorld({ ...before, transition: { ...before.transition!, id: 'an id of another form' } })
  named.at(30, tasksObserved([aTask(264, 0)], 1))
  const [stalled] = [...named.state().findings.values()]
  expect(stalled).toMatchObject({ rule: 'transition-stalled', evidence: [told?.seq] })
})
