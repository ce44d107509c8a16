import { describe, expect, it } from 'vitest'
import { headlineOf } from '../../../daemon/core/headline.ts'
import {
  allProbes,
  aTask,
  attached,
  aWorld,
  firstTry,
  patchesObserved,
  sleeperBlocked,
  started,
  tasksObserved,
  transitionStarted,
  type World,
} from '../support/fold.ts'

const headline = (world: World) => headlineOf(world.state())

const running = (): World => {
  const world = aWorld()
  world.at(1, started())
  world.at(2, attached)
  world.at(10, transitionStarted())
  return world
}
const stalled = (...blocked: Parameters<World['at']>[1][]): World => {
  const world = running()
  for (const event of blocked) world.at(10.5, event)
  world.at(25, tasksObserved([aTask(264, 0), aTask(300, 0)], 2))
  return world
}

describe('without a transition', () => {
  it('says that the probes are still being attached', () => {
    const world = aWorld()
    world.at(1, started())
    expect(headline(world)).toMatchObject({
      level: 'unknown',
      text: 'No transition is running; no livepatch is enabled. The probes are being attached.',
    })
  })

  it('names the one enabled patch, or counts them', () => {
    const world = running()
    world.at(12, { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' })
    expect(headline(world)).toMatchObject({
      level: 'ok',
      text: 'No transition is running; no livepatch is enabled.',
      since: world.state().lastTransition?.endedAt,
      advice: null,
    })
    world.at(13, patchesObserved({ name: 'a' }, { name: 'b', enabled: false }))
    expect(headline(world).text).toBe('No transition is running; a is enabled.')
    world.at(14, patchesObserved({ name: 'a' }, { name: 'b' }))
    expect(headline(world).text).toBe('No transition is running; 2 livepatches are enabled.')
  })

  it('a stopped tracer knows nothing; nobody who looks at its record is told to start it', () => {
    const world = aWorld()
    world.at(1, started())
    world.at(2, attached)
    world.at(3, { kind: 'tracer-stopped', reason: 'SIGTERM' })
    expect(headline(world)).toMatchObject({
      level: 'unknown',
      advice: null,
    })
  })

  it('a blind tracer is no "ok"', () => {
    const world = aWorld()
    world.at(1, started())
    world.at(2, {
      kind: 'tracer-attached',
      probeSets: allProbes.map((set) => ({
        ...set,
        available: false,
        reason: 'no tracer',
        remedy: 'install it',
      })),
    })
    expect(headline(world)).toMatchObject({
      level: 'warning',
      text: 'Only sysfs, /proc and the kernel log are seen: no tracer',
      advice: 'install it',
    })
  })
})

describe('during a transition', () => {
  it('says which, which way, and how many tasks remain', () => {
    const world = running()
    expect(headline(world)).toMatchObject({ level: 'info', text: 'klpt_patch_v1: patching' })
    world.at(11, tasksObserved([aTask(1, 0), aTask(2, 0)], 2))
    expect(headline(world).text).toBe('klpt_patch_v1: patching, 2 tasks remaining')
  })

  it('admits that it began before the tracer', () => {
    const world = aWorld()
    world.at(1, transitionStarted({ adopted: true, direction: 'unpatching' }))
    expect(headline(world).text).toBe('klpt_patch_v1: unpatching (was already running when klpscope started)')
  })

  it('that is stalled names who blocks it and what to do, mildest first', () => {
    const { level, text, since, advice } = headline(stalled(sleeperBlocked, { ...sleeperBlocked, tid: 300 }))
    expect(level).toBe('critical')
    expect(text).toBe(
      'klpt_patch_v1: patching stalled, 2 tasks block it, longest klpt-sleeper (264), sleeping on klpt_sleep_in_function',
    )
    expect(since).not.toBeNull()
    const places = [
      'klpt-sleeper (264) is a kernel thread',
      'echo 0 > /sys/kernel/livepatch/klpt_patch_v1/enabled',
      'Last resort: echo 1 > /sys/kernel/livepatch/klpt_patch_v1/force',
    ].map((part) => advice?.indexOf(part) ?? -1)
    expect(places.every((place) => place >= 0)).toBe(true)
    expect(places).toEqual([...places].sort((a, b) => a - b))
  })

  it('counts one blocker as one', () => {
    const world = running()
    world.at(10.5, sleeperBlocked)
    world.at(25, tasksObserved([aTask(264, 0)], 1))
    expect(headline(world).text).toContain('1 task blocks it: klpt-sleeper (264)')
  })

  it('does not invent a blocker', () => {
    const world = running()
    world.at(11, firstTry(10))
    world.at(25, tasksObserved([aTask(264, 1)], 1))
    expect(headline(world).text).toContain('which task blocks it is not known yet')
  })

  it('gives up unpatching by enabling again', () => {
    const world = aWorld()
    world.at(1, transitionStarted({ direction: 'unpatching' }))
    world.at(2, firstTry(1, 'unpatching'))
    world.at(20, tasksObserved([aTask(1, 1)], 1))
    expect(headline(world).advice).toContain('echo 1 > /sys/kernel/livepatch/klpt_patch_v1/enabled')
  })

  it('a stalled transition is more urgent than any finding', () => {
    const world = stalled(sleeperBlocked)
    world.at(26, { kind: 'events-lost', source: 'tracer', count: 1 })
    expect(headline(world).text).toContain('stalled')
  })

  it('names the finding that it tells by its id, and none when it tells none', () => {
    const world = stalled(sleeperBlocked)
    const opened = (rule: string) => [...world.state().findings.values()].find((one) => one.rule === rule)?.id
    expect(headline(world).finding).toBe(opened('transition-stalled'))
    world.at(26, { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' })
    expect(headline(world).finding).toBeNull()
    world.at(27, { kind: 'events-lost', source: 'tracer', count: 1 })
    expect(headline(world).finding).toBe(opened('events-lost'))
    expect(headline(world).finding).not.toBeNull()
  })
})
