import { describe, expect, it } from 'vitest'
import { view } from '../../../daemon/core/view.ts'
import { aWorld, type Happening } from '../support/fold.ts'

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
    world.at(3, { ...gap, source: 'tracer' })
    expect(world.state().shadow).toMatchObject({ adoption: 'pending', countedMonoNs: null })
    expect(world.state().shadow.ids.size).toBe(0)
  })

  it('are forgotten after a probe was silent, because the tracer then counts anew', () => {
    const world = aWorld()
    world.at(1, counts())
    const source = 'the probe of klp_shadow_free'
    world.at(2, { kind: 'tracer-gap', source, fromMonoNs: '1', toMonoNs: '2', reason: 'x' })
    expect(world.state().shadow).toMatchObject({ adoption: 'pending', countedMonoNs: null })
    // The others fired all the time.
    expect(view(world.state()).tracer.gaps[0]).toMatchObject({ source, seen: 'most' })
  })
})
