import { expect, it } from 'vitest'
import { headlineOf } from '../../../daemon/core/headline.ts'
import { observing, open, started, tasksObserved } from '../support/fold.ts'

const refused = {
  kind: 'patch-load-refused',
  patch: 'livepatch_x',
  errno: 22,
  cause: 'its object could not be resolved',
} as const
const refusedModule = {
  kind: 'module-refused',
  object: 'ext4',
  patch: 'livepatch_x',
  cause: 'the patch does not apply',
} as const

it.each([
  ['load-refused', refused],
  ['state-incompatible', { ...refused, reason: 'state-incompatible' } as const],
  ['module-refused', refusedModule],
])('%s that nobody tries again leaves the headline, and is closed in the end', (rule, event) => {
  const world = observing()
  world.at(10, event)
  expect(headlineOf(world.state()).level).toBe('warning')
  world.at(10 + 599, tasksObserved([], 0))
  expect(headlineOf(world.state()).level).toBe('warning')
  world.at(10 + 601, tasksObserved([], 0))
  expect(headlineOf(world.state()).level).toBe('ok')
  expect(open(world)).toContain(rule)
  world.at(10 + 3_601, tasksObserved([], 0))
  expect(open(world)).not.toContain(rule)
})

it('what an earlier boot refused is not said of this one', () => {
  const world = observing()
  world.at(5_000, refused)
  world.at(20, started('boot-2'))
  world.at(21, tasksObserved([], 0))
  expect(open(world)).not.toContain('load-refused')
})
