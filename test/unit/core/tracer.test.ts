import { describe, expect, it } from 'vitest'
import { allProbes, attached, aWorld, started } from '../support/fold.ts'

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
      source: 'tracer',
      fromMonoNs: '5000000000',
      toMonoNs: '9000000000',
      reason: 'killed',
    })
    expect(world.state().tracer).toMatchObject({
      status: 'starting',
      since: '2023-11-14T22:13:25.000000000Z',
    })
    expect(world.state().tracer.gaps[0]).toMatchObject({
      from: '2023-11-14T22:13:25.000000000Z',
      to: '2023-11-14T22:13:29.000000000Z',
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
    world.at(2, { kind: 'events-lost', source: 'tracer', count: 3 })
    world.at(3, { kind: 'events-lost', source: 'tracer', count: 4 })
    world.at(4, { kind: 'decode-failed', source: 'tracer', error: 'e', raw: 'r' })
    expect(world.state().tracer).toMatchObject({ eventsLost: 7, decodeFailures: 1 })
    world.at(5, started())
    expect(world.state().tracer).toMatchObject({ eventsLost: 0, decodeFailures: 0 })
  })
})
