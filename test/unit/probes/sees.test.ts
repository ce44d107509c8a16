import { expect, it } from 'vitest'
import type { RawProbeSet } from '../../../daemon/probes/raw-record.ts'
import { seesWith } from '../../../daemon/probes/sees.ts'

const without = (name: string): RawProbeSet => ({
  name: 'tasks',
  available: true,
  lost: [{ name, loss: 'l', reason: 'r', remedy: 'm' }],
})

it.each([
  ['attached whole', { name: 'tasks', available: true }, true],
  ['attached without something that others do not have to stand in for', without('klp_copy_process'), true],
  ['attached without what tells why a task is blocked', without('klp_check_and_switch_task'), false],
  ['not attached', { name: 'tasks', available: false, reason: 'r' }, false],
  ['another', { name: 'shadow', available: true }, false],
] as [string, RawProbeSet, boolean][])('a set that is %s', (_, set, sees) => {
  expect(seesWith([set], 'tasks')).toBe(sees)
})

it('before anything is attached, nothing', () => {
  expect(seesWith([], 'transition')).toBe(false)
})
