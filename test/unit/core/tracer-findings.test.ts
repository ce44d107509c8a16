import { describe, expect, it } from 'vitest'
import { findingSchema } from '../../../daemon/contract/finding.ts'
import { view } from '../../../daemon/core/view.ts'
import {
  allProbes,
  aTask,
  attached,
  aWorld,
  observing,
  open,
  started,
  tasksObserved,
  told,
  transitionStarted,
} from '../support/fold.ts'

describe('tracer findings', () => {
  it('tracer-blind: one for all probe sets missing for one reason, until they are there', () => {
    const world = aWorld()
    world.at(1, started())
    const probeSets = allProbes.map((set) => ({ ...set, available: set.name === 'tasks', reason: 'why' }))
    world.at(2, { kind: 'tracer-attached', probeSets })
    expect(told(world).map((finding) => finding.subject)).toEqual(['transition, shadow'])
    expect(open(world)).toEqual(['tracer-blind'])
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
        summary: 'Not seen: that one was forced (why)',
        advice: 'what',
      },
    ])
    expect(world.state().tracer.status).toBe('degraded')
    world.at(3, attached)
    expect(open(world)).toEqual([])
    expect(world.state().tracer.status).toBe('observing')
  })

  it('tracer-blind: probes that are attached and do not fire, since they were seen to fire last', () => {
    const world = observing()
    const reason = 'kernel.ftrace_enabled is 0'
    const remedy = 'sysctl'
    const gap = { kind: 'tracer-gap', source: 'tracer', fromMonoNs: '8000000000', reason } as const
    const tell = (atS: number) => world.at(atS, { ...gap, toMonoNs: String(atS * 1e9) })
    const probeSets = allProbes.map(({ name }) => ({ name, available: false, reason, remedy }))
    tell(10)
    world.at(10, { kind: 'tracer-attached', probeSets })
    const { headline, tracer } = view(world.state())
    expect(tracer).toMatchObject({ status: 'blind', since: expect.stringContaining('00:00:08.0') })
    expect(headline).toMatchObject({
      level: 'warning',
      text: `Only sysfs, /proc and the kernel log are seen: ${reason}`,
      since: tracer.since,
      advice: remedy,
    })
    tell(20)
    world.at(20, attached)
    expect(open(world)).toEqual([])
    const { gaps, status } = view(world.state()).tracer
    expect(status).toBe('observing')
    expect(gaps[0]).toMatchObject({ source: 'tracer', seen: 'polling', reason, from: tracer.since })
    expect(gaps[0]?.lasts).toBeUndefined()
    expect(gaps[0]?.to).toContain('00:00:20.0')
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
    world.at(3, { kind: 'events-lost', source: 'tracer', count: 1 })
    world.at(4, { kind: 'events-lost', source: 'tracer', count: 2 })
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
  world.at(26, { kind: 'events-lost', source: 'tracer', count: 1 })
  world.at(27, started('boot-2'))
  expect(told(world)).toHaveLength(4)
  for (const finding of told(world)) expect(findingSchema.parse(finding)).toEqual(finding)
})
