import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../daemon/contract/finding.ts'
import { findingSchema } from '../../../daemon/contract/finding.ts'
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
