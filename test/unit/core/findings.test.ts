import { describe, expect, it } from 'vitest'
import {
  aTask,
  completed,
  type Happening,
  observing,
  open,
  patchesObserved,
  sleeperBlocked,
  started,
  tasksObserved,
  told,
  transitionStarted,
  type World,
} from '../support/fold.ts'

describe('transition-stalled', () => {
  const stalled = () => {
    const world = observing()
    world.at(10, transitionStarted())
    world.at(10.5, sleeperBlocked)
    world.at(25, tasksObserved([aTask(264, 0)], 1))
    return world
  }

  it('opens once, with the evidence, and closes with the transition', () => {
    const world = stalled()
    world.at(26, tasksObserved([aTask(264, 0)], 1))
    const [finding, ...more] = told(world)
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      rule: 'transition-stalled',
      severity: 'critical',
      subject: 'klpt_patch_v1',
      evidence: [Number(world.state().transition?.id)],
      closedAt: null,
    })
    const end = world.at(27, completed)
    expect(open(world)).toEqual([])
    expect(told(world).at(-1)).toMatchObject({ id: finding?.id, closedAt: end.time })
  })

  it('is told anew when someone else blocks it, as the same finding', () => {
    const world = stalled()
    world.at(26, { ...sleeperBlocked, tid: 300, comm: 'other' })
    world.at(26.5, tasksObserved([aTask(264, 0), aTask(300, 0)], 2))
    const [first, second] = told(world)
    expect(second?.id).toBe(first?.id)
    expect(second?.openedAt).toBe(first?.openedAt)
    expect(second?.summary).toContain('2 tasks block it')
  })

  it.each([
    ['a reboot', started('boot-2')],
    [
      'a cancellation',
      { kind: 'transition-cancelled', patch: 'klpt_patch_v1', direction: 'patching' } as const,
    ],
  ])('is closed by %s', (_, event) => {
    const world = stalled()
    expect(open(world)).toEqual(['transition-stalled'])
    world.at(30, event)
    expect(open(world)).toEqual([])
  })

  it('stays open over a restart of the daemon', () => {
    const world = stalled()
    world.at(30, started('boot-1'))
    expect(open(world)).toEqual(['transition-stalled'])
  })
})

describe('transition-forced', () => {
  const force = { kind: 'transition-forced', patch: 'klpt_patch_v1', direction: 'patching' } as const

  it('stays as long as the patch is there', () => {
    const world = observing()
    world.at(3, patchesObserved({ name: 'klpt_patch_v1', inTransition: true }))
    world.at(4, transitionStarted())
    world.at(5, force)
    expect(open(world)).toEqual(['transition-forced'])
    world.at(6, completed)
    world.at(7, patchesObserved({ name: 'klpt_patch_v1' }))
    expect(open(world)).toEqual(['transition-forced'])
    world.at(8, patchesObserved())
    expect(open(world)).toEqual([])
  })
})

describe('shadow findings', () => {
  const counts = (own: { duplicates?: number; failures?: number }, id = '0x1001'): Happening => ({
    kind: 'shadow-counts',
    counts: [
      {
        id,
        live: 1,
        allocated: 1,
        freed: 0,
        found: 0,
        duplicates: 0,
        failures: 0,
        missed: 0,
        sizesBytes: [8],
        ...own,
      },
    ],
    notStreamed: 0,
  })

  it('one per id, by what happened to it', () => {
    const world = observing()
    world.at(3, counts({}))
    expect(open(world)).toEqual([])
    world.at(4, counts({ duplicates: 1 }))
    world.at(5, counts({ failures: 2 }, '0x2'))
    expect(told(world).map((finding) => `${finding.rule} ${finding.subject}`)).toEqual([
      'shadow-duplicate 0x1001',
      'shadow-alloc-failed 0x2',
    ])
    world.at(6, counts({ duplicates: 2 }))
    expect(told(world).at(-1)?.summary).toContain('2 times')
    expect(open(world)).toHaveLength(2)
  })

  it('close when the tracer that counted is gone', () => {
    const world = observing()
    world.at(4, counts({ duplicates: 1 }))
    world.at(5, { kind: 'tracer-gap', source: 'tracer', fromMonoNs: '1', toMonoNs: '2', reason: 'x' })
    expect(open(world)).toEqual(['tracer-blind'])
  })
})

describe('old-code-running', () => {
  const forced = () => {
    const world = observing()
    world.at(10, transitionStarted())
    world.at(10.5, sleeperBlocked)
    world.at(10.6, { ...sleeperBlocked, tid: 300, comm: 'runner', reason: 'running', function: undefined })
    world.at(11, tasksObserved([aTask(264, 0), aTask(300, 0)], 2))
    world.at(12, { kind: 'transition-forced', patch: 'klpt_patch_v1', direction: 'patching' })
    return world
  }
  const ours = (world: World) => open(world).filter((rule) => rule === 'old-code-running')

  it('tells of tasks that slept in a changed function when it was forced, and only of those', () => {
    const world = forced()
    expect(told(world).find((finding) => finding.rule === 'old-code-running')).toMatchObject({
      severity: 'warning',
      subject: 'klpt_patch_v1',
      summary: expect.stringMatching(
        /^klpt-sleeper \(264\) slept in klpt_sleep_in_function\(\) when patching of klpt_patch_v1 was forced/,
      ),
    })
    world.at(13, completed)
    world.at(14, tasksObserved([aTask(264, 1), aTask(300, 1)]))
    expect(ours(world)).toHaveLength(1)
  })

  it('until the task is gone', () => {
    const world = forced()
    world.at(13, completed)
    world.at(14, tasksObserved([aTask(300, 1)]))
    expect(ours(world)).toEqual([])
  })

  it('or until a later transition is the last one', () => {
    const world = forced()
    world.at(13, completed)
    world.at(20, transitionStarted({ direction: 'unpatching' }))
    expect(ours(world)).toHaveLength(1)
    world.at(21, { ...completed, direction: 'unpatching' })
    expect(ours(world)).toEqual([])
  })

  it('not where nobody slept in one', () => {
    const world = observing()
    world.at(10, transitionStarted())
    world.at(12, { kind: 'transition-forced', patch: 'klpt_patch_v1', direction: 'patching' })
    expect(ours(world)).toEqual([])
  })
})

describe('replaced-module-pinned', () => {
  const pinned = (world: World) => told(world).filter((finding) => finding.rule === 'replaced-module-pinned')
  /** v2 has replaced v1 at 10 s; v1's module is still loaded. */
  const replaced = (own: { forced?: boolean } = {}) => {
    const world = observing()
    world.at(5, patchesObserved({ name: 'v1' }))
    world.at(10, { kind: 'patch-replaced', patch: 'v1', by: 'v2', ...own })
    return world
  }
  const looked = (world: World, seconds: number, refcount: number) =>
    world.at(seconds, { ...patchesObserved({ name: 'v2' }), modules: [{ name: 'v1', refcount }] })

  it('tells of a reference that outlasts the release, and closes when it goes', () => {
    const world = replaced()
    looked(world, 11, 1)
    world.at(69, tasksObserved([aTask(1, -1)]))
    expect(pinned(world)).toEqual([])
    world.at(71, tasksObserved([aTask(1, -1)]))
    expect(pinned(world)).toMatchObject([
      {
        subject: 'v1',
        summary: 'v1 was replaced by v2, but its module cannot be removed: 1 reference',
        advice: 'See what holds it: ls /sys/module/v1/holders',
        closedAt: null,
      },
    ])
    const end = looked(world, 80, 0)
    expect(pinned(world).at(-1)).toMatchObject({ closedAt: end.time })
  })

  it('says that nothing helps after a forced transition', () => {
    const world = replaced({ forced: true })
    looked(world, 11, 1)
    world.at(71, tasksObserved([aTask(1, -1)]))
    expect(pinned(world)).toMatchObject([{ advice: expect.stringMatching(/forced.*until reboot/) }])
  })

  it('has nothing to say of one that was merely disabled', () => {
    const world = observing()
    world.at(5, patchesObserved({ name: 'v1' }))
    world.at(10, { kind: 'patch-disabled', patch: 'v1' })
    world.at(11, { ...patchesObserved(), modules: [{ name: 'v1', refcount: 1 }] })
    world.at(90, tasksObserved([aTask(1, -1)]))
    expect(pinned(world)).toEqual([])
  })
})
