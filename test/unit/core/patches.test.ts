import { expect, it } from 'vitest'
import { aWorld, patchesObserved } from '../support/fold.ts'

it('patches are shown by what they are doing, in the order the kernel tells', () => {
  const world = aWorld()
  world.at(
    1,
    patchesObserved(
      { name: 'd', enabled: false, stackOrder: 4 },
      { name: 'b', enabled: true, inTransition: true, stackOrder: 2 },
      { name: 'a', stackOrder: 1 },
      { name: 'c', enabled: false, inTransition: true, stackOrder: 3 },
    ),
  )
  expect(world.state().patches.map((patch) => `${patch.name} ${patch.state}`)).toEqual([
    'a enabled',
    'b enabling',
    'c disabling',
    'd disabled',
  ])
})
