import { describe, expect, it } from 'vitest'
import type { EventOf } from '../../../daemon/contract/event.ts'
import type { ShadowAllocator, ShadowCount } from '../../../daemon/contract/shadow.ts'
import {
  allProbes,
  attached,
  aWorld,
  type Happening,
  patchesObserved,
  started,
  tasksObserved,
  type World,
} from '../support/fold.ts'

const by = (module: string, allocated: number, own: Partial<ShadowAllocator> = {}): ShadowAllocator => ({
  module,
  function: `${module}_create`,
  livepatch: true,
  allocated,
  ...own,
})
const counts = (own: Partial<ShadowCount> = {}): Happening => ({
  kind: 'shadow-counts',
  counts: [
    {
      id: '0x1001',
      live: 4,
      allocated: 4,
      freed: 0,
      found: 0,
      duplicates: 0,
      failures: 0,
      missed: 0,
      sizesBytes: [32],
      ...own,
    },
  ],
  notStreamed: 0,
})
const adopted = { kind: 'shadow-adopted', restarts: 0, complete: true } as const
const ofV1 = { allocators: [by('v1', 4)], users: ['v1'] }
const gone: Happening = { kind: 'patches-observed', patches: [], modules: [] }

/** v1 is in place and has allocated four variables. */
const withV1 = (): World => {
  const world = aWorld()
  world.at(1, started())
  world.at(2, attached)
  world.at(3, adopted)
  world.at(4, patchesObserved({ name: 'v1' }))
  world.at(5, counts(ofV1))
  return world
}
const idOf = (world: World) => world.state().shadow.ids.get('0x1001')
const leftBehind = (world: World): string[] =>
  [...world.state().findings.values()]
    .filter((finding) => finding.rule === 'shadow-left-behind')
    .map((finding) => finding.summary)
const look = (world: World, seconds: number) => world.at(seconds, tasksObserved([]))

describe('the owner', () => {
  it('is the livepatch that allocated last', () => {
    const world = withV1()
    expect(idOf(world)?.owner).toBe('v1')
    world.at(6, counts({ allocators: [by('v1', 4), by('v2', 1)] }))
    expect(idOf(world)?.owner).toBe('v2')
    world.at(7, counts({ allocators: [by('v1', 5), by('v2', 1)] }))
    expect(idOf(world)?.owner).toBe('v1')
  })

  it('is not a module that is no livepatch', () => {
    const world = withV1()
    world.at(6, counts({ id: '0x2001', allocators: [by('klpt_target', 2, { livepatch: false })] }))
    expect(world.state().shadow.ids.get('0x2001')).toMatchObject({
      owner: null,
      allocators: [{ module: 'klpt_target', allocated: 2 }],
    })
  })

  it('stays known when the tracer or the daemon is another, but not after a reboot', () => {
    const world = withV1()
    world.at(6, { kind: 'tracer-gap', source: 'tracer', fromMonoNs: '6', toMonoNs: '6', reason: 'killed' })
    expect(idOf(world)).toMatchObject({
      owner: 'v1',
      live: null,
      allocated: 0,
      allocators: [{ module: 'v1', allocated: 0 }],
    })
    world.at(7, started())
    expect(idOf(world)).toMatchObject({ owner: 'v1' })
    world.at(8, counts({ live: 9, allocated: 5, allocators: [by('v1', 5)] }))
    expect(idOf(world)?.allocators).toEqual([by('v1', 5)])
    world.at(9, started('another boot'))
    expect(idOf(world)).toBeUndefined()
  })

  it('an id that is known from before and has no variable any more has none', () => {
    const world = withV1()
    world.at(6, { kind: 'tracer-gap', source: 'tracer', fromMonoNs: '6', toMonoNs: '6', reason: 'killed' })
    world.at(7, adopted)
    world.at(8, { kind: 'shadow-counts', counts: [], notStreamed: 0 })
    expect(idOf(world)).toMatchObject({ live: 0, liveBytes: 0 })
  })
})

describe('bytes', () => {
  it.each([
    ['of variables that were all seen', { live: 4, allocated: 6, freed: 2 }, 128],
    ['are none for none', { live: 0, allocated: 0, freed: 3 }, 0],
    ['are unknown when some are older than the tracer', { live: 4, allocated: 6, freed: 3 }, null],
    ['are unknown with several sizes', { sizesBytes: [8, 16] }, null],
    ['are unknown while the live count is', { live: null }, null],
  ])('%s', (_, own, liveBytes) => {
    const world = withV1()
    world.at(6, counts(own))
    expect(idOf(world)?.liveBytes).toBe(liveBytes)
  })
})

describe('variables left behind', () => {
  it('are a finding some seconds after their patch went, with how many and how large', () => {
    const world = withV1()
    world.at(10, gone)
    look(world, 11)
    expect(leftBehind(world)).toEqual([])
    look(world, 12)
    expect(leftBehind(world)).toEqual([
      'shadow id 0x1001 of v1: 4 variables (128 bytes) left behind, no patch in place uses them',
    ])
  })

  it('are a finding at once when a count came after the last callback', () => {
    const world = withV1()
    world.at(10, gone)
    world.at(10.1, counts(ofV1))
    expect(leftBehind(world)).toHaveLength(1)
  })

  it('are none while a transition runs, whose callbacks are still to come', () => {
    const world = withV1()
    world.at(9, { kind: 'transition-started', patch: 'v2', direction: 'patching', adopted: false })
    world.at(10, { kind: 'patch-replaced', patch: 'v1', by: 'v2' })
    world.at(11, counts(ofV1))
    look(world, 30)
    expect(leftBehind(world)).toEqual([])
    world.at(40, { kind: 'transition-completed', patch: 'v2', direction: 'patching' })
    expect(leftBehind(world)).toHaveLength(1)
  })

  it('are none once they are freed', () => {
    const world = withV1()
    world.at(10, gone)
    look(world, 16)
    world.at(20, counts({ ...ofV1, live: 0, freed: 4 }))
    expect(leftBehind(world)).toEqual([])
  })

  it('are none when the patch freed its own on its way out', () => {
    const world = withV1()
    world.at(10, gone)
    world.at(11, counts({ ...ofV1, live: 0, freed: 4 }))
    look(world, 30)
    expect(leftBehind(world)).toEqual([])
  })

  it.each(['enabled', 'inTransition'] as const)('are none while their patch is still there (%s)', (key) => {
    const world = withV1()
    world.at(
      10,
      patchesObserved({ name: 'v1', enabled: key === 'enabled', inTransition: key === 'inTransition' }),
    )
    look(world, 60)
    expect(leftBehind(world)).toEqual([])
  })

  it('are none when another patch in place uses the id, and are when that goes too', () => {
    const world = withV1()
    world.at(10, patchesObserved({ name: 'v2' }))
    world.at(11, counts({ ...ofV1, users: ['v1', 'v2'] }))
    look(world, 60)
    expect(leftBehind(world)).toEqual([])
    world.at(70, gone)
    look(world, 80)
    expect(leftBehind(world)).toEqual([
      'shadow id 0x1001 of v1, also used by v2: 4 variables (128 bytes) left behind, no patch in place uses them',
    ])
  })

  it('are none when the patch that came has the klp_states of the one that went', () => {
    const story = (statesOfV2: string[]): string[] => {
      const world = withV1()
      world.at(6, { kind: 'state-registered', patch: 'v1', id: '1', version: 1 })
      world.at(7, patchesObserved({ name: 'v1' }, { name: 'v2' }))
      for (const id of statesOfV2) world.at(8, { kind: 'state-registered', patch: 'v2', id, version: 2 })
      world.at(10, patchesObserved({ name: 'v2' }))
      look(world, 60)
      return leftBehind(world)
    }
    expect(story(['1', '2'])).toEqual([])
    expect(story(['2'])).toHaveLength(1)
    expect(story([])).toHaveLength(1)
  })

  it('are so too when their owner was never seen, once all are gone that it can be', () => {
    const world = withV1()
    world.at(6, counts({ id: '0x9', allocators: [] }))
    world.at(8, patchesObserved({ name: 'v1' }, { name: 'v2' }))
    look(world, 20)
    expect(leftBehind(world)).toEqual([])
    world.at(30, patchesObserved({ name: 'v2' }))
    look(world, 40)
    expect(leftBehind(world).join()).toContain(
      'shadow id 0x9 (its owner was not seen; it can only be v1, which is gone): 4 variables',
    )
  })

  it('are not claimed where the owner is only not known yet', () => {
    const world = withV1()
    world.at(6, counts({ id: '0x9', allocators: [] }))
    world.at(7, counts({ id: '0x9', allocators: [by('v2', 4)], users: ['v2'] }))
    world.at(8, patchesObserved({ name: 'v2' }))
    look(world, 20)
    expect(leftBehind(world).join()).not.toContain('0x9')
    expect(world.state().shadow.ids.get('0x9')).not.toHaveProperty('suspects')
  })

  it('are not claimed of what a module that is no livepatch allocated', () => {
    const world = withV1()
    world.at(6, counts({ id: '0x9', allocators: [by('klpt_target', 4, { livepatch: false })] }))
    world.at(10, gone)
    look(world, 60)
    expect(leftBehind(world).join()).not.toContain('0x9')
  })
})

describe('a check', () => {
  const checked = (own: Partial<EventOf<'shadow-checked'>> = {}): Happening => ({
    kind: 'shadow-checked',
    found: 4,
    drift: [],
    ages: [],
    ...own,
  })

  it('tells when, and ages', () => {
    const world = withV1()
    const ages = { known: [4, 0, 0, 0, 0, 0, 0], atLeast: [0, 0, 0, 0, 0, 0, 0], unknown: 0 }
    const event = world.at(6, checked({ ages: [{ id: '0x1001', ...ages }] }))
    expect(world.state().shadow.checkedAt).toBe(event.time)
    expect(idOf(world)?.ages).toEqual(ages)
    world.at(7, checked())
    expect(idOf(world)?.ages).toBeNull()
  })

  it('that found another number is a finding for an hour', () => {
    const world = withV1()
    world.at(6, checked({ drift: [{ id: '0x1001', counted: 4, found: 6 }] }))
    const drift = () =>
      [...world.state().findings.values()].filter(({ rule }) => rule === 'shadow-count-drift')
    expect(drift()).toMatchObject([
      {
        subject: '0x1001',
        summary: expect.stringContaining('4 live variables were counted, the kernel had 6'),
      },
    ])
    world.at(66, checked())
    expect(drift()).toHaveLength(1)
    look(world, 3_700)
    expect(drift()).toEqual([])
  })
})

it('without the walk, what is older than the tracer is never known', () => {
  const world = aWorld()
  world.at(1, started())
  const lost = [{ name: 'klp_shadow_lock', loss: 'live counts', reason: 'why', remedy: 'what' }]
  world.at(2, {
    ...attached,
    probeSets: allProbes.map((set) => (set.name === 'shadow' ? { ...set, lost } : set)),
  })
  expect(world.state().shadow.adoption).toBe('unavailable')
})

describe('where only walks of the hash tell how many there are', () => {
  const checked: Happening = { kind: 'shadow-checked', found: 4, drift: [], ages: [] }
  const uncounted = (): World => {
    const world = aWorld()
    world.at(1, started())
    const lost = [{ name: 'klp_shadow_free_struct', loss: 'frees', reason: 'passive: why', remedy: 'what' }]
    world.at(2, { kind: 'tracer-attached', probeSets: [{ name: 'shadow', available: true, lost }] })
    world.at(3, adopted)
    world.at(4, patchesObserved({ name: 'v1' }))
    world.at(5, counts({ allocated: 0, sizesBytes: [] }))
    world.at(6, checked)
    world.at(10, gone)
    return world
  }

  it('an id is left behind only when a walk that began after its patch had gone has found it', () => {
    const world = uncounted()
    look(world, 30)
    expect(leftBehind(world)).toEqual([])
    // It may have begun before.
    world.at(12, checked)
    look(world, 40)
    expect(leftBehind(world)).toEqual([])
    world.at(50, checked)
    look(world, 51)
    expect(leftBehind(world)).toEqual([
      expect.stringMatching(/^shadow id 0x1001 .*4 variables probably left behind/),
    ])
  })

  it('an id that the walk did not find is not', () => {
    const world = uncounted()
    world.at(50, counts({ live: 0, allocated: 0, sizesBytes: [] }))
    world.at(50, { ...checked, found: 0 })
    look(world, 51)
    expect(leftBehind(world)).toEqual([])
  })
})
