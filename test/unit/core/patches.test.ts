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
      { name: 'c', enabled: true, stackOrder: 3 },
    ),
  )
  world.at(
    2,
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

it('what a busy machine tells late takes no patch back to where it no longer is', () => {
  const world = aWorld()
  const name = 'klpt_patch_v1'
  world.at(1, { kind: 'patch-loading', patch: name, replace: false })
  world.at(2, { kind: 'patch-enabled', patch: name })
  const module = { name, version: '1.0', refcount: 0 }
  world.at(4, { ...patchesObserved(), modules: [module] })
  const now = () => world.state().patches.find((patch) => patch.name === name)
  expect(now()).toMatchObject({ state: 'removable' })
  world.at(3, { kind: 'patch-replaced', patch: name, by: 'klpt_patch_v2' })
  world.at(3.5, { kind: 'patch-released', patch: name })
  expect(now()).toMatchObject({ state: 'removable', replacedBy: 'klpt_patch_v2', enabled: false })
})
