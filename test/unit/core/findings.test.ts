import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../daemon/contract/finding.ts'
import { findingSchema } from '../../../daemon/contract/finding.ts'
import { view } from '../../../daemon/core/view.ts'
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

const open = (world: World) => [...world.state().findings.values()].map((finding) => finding.rule)
const told = (world: World): Finding[] =>
  world.effects.flatMap((effect) => (effect.kind === 'finding-changed' ? [effect.finding] : []))

const observing = (): World => {
  const world = aWorld()
  world.at(1, started())
  world.at(2, attached)
  return world
}
const completed = { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' } as const

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
    world.at(5, { kind: 'tracer-gap', source: 'bpftrace', fromMonoNs: '1', toMonoNs: '2', reason: 'x' })
    expect(open(world)).toEqual([])
  })
})

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
        advice: 'See who holds it: ls /sys/module/v1/holders.',
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

describe('tracer findings', () => {
  it('tracer-blind: one per missing probe set, until it is there', () => {
    const world = aWorld()
    world.at(1, started())
    const probeSets = allProbes.map((set) => ({ ...set, available: set.name === 'tasks', reason: 'why' }))
    world.at(2, { kind: 'tracer-attached', probeSets })
    expect(told(world).map((finding) => finding.subject)).toEqual(['transition', 'shadow'])
    expect(open(world)).toEqual(['tracer-blind', 'tracer-blind'])
    world.at(3, attached)
    expect(open(world)).toEqual([])
  })

  it('tracer-blind: also for a part of a set that is lost, of less weight', () => {
    const world = aWorld()
    world.at(1, started())
    const lost = [
      { name: 'klp_force_transition', loss: 'that one was forced', reason: 'why', remedy: 'what' },
    ]
    const probeSets = allProbes.map((set) => (set.name === 'transition' ? { ...set, lost } : set))
    world.at(2, { kind: 'tracer-attached', probeSets })
    expect(told(world)).toMatchObject([
      {
        rule: 'tracer-blind',
        severity: 'info',
        subject: 'transition: klp_force_transition',
        summary: 'not seen: that one was forced (why)',
        advice: 'what',
      },
    ])
    expect(world.state().tracer.status).toBe('degraded')
    world.at(3, attached)
    expect(open(world)).toEqual([])
    expect(world.state().tracer.status).toBe('observing')
  })

  it('overhead-exceeded: daemon and tracers together above 5 % of a CPU', () => {
    const world = observing()
    const measured = (daemonMs: number, tracersMs: number) =>
      world.at(60, { kind: 'overhead-measured', windowMs: 60_000, daemonMs, tracersMs })
    measured(2_000, 1_000)
    expect(open(world)).toEqual([])
    expect(view(world.state()).tracer.overhead).toMatchObject({ tracersPercent: expect.closeTo(1.67, 2) })
    measured(2_400, 1_200)
    expect(told(world).at(-1)).toMatchObject({
      rule: 'overhead-exceeded',
      severity: 'info',
      summary: 'klpscope uses 6.0 % of one CPU, more than 5 %: the daemon 4.0 %, its tracers 2.0 %',
    })
    measured(0, 0)
    expect(open(world)).toEqual([])
    measured(60_000, 0)
    world.at(61, started())
    expect(open(world)).toEqual([])
  })

  it('events-lost: counts on, until the next run', () => {
    const world = observing()
    world.at(3, { kind: 'events-lost', source: 'bpftrace', count: 1 })
    world.at(4, { kind: 'events-lost', source: 'bpftrace', count: 2 })
    expect(told(world).map((finding) => finding.summary)).toEqual([
      expect.stringMatching(/^1 event lost/),
      expect.stringMatching(/^3 events lost/),
    ])
    world.at(5, started())
    expect(open(world)).toEqual([])
  })
})

it('every finding is of the form the contract promises', () => {
  const world = observing()
  world.at(10, transitionStarted())
  world.at(25, tasksObserved([aTask(264, 0)], 1))
  world.at(26, { kind: 'events-lost', source: 'bpftrace', count: 1 })
  world.at(27, started('boot-2'))
  expect(told(world)).toHaveLength(4)
  for (const finding of told(world)) expect(findingSchema.parse(finding)).toEqual(finding)
})
