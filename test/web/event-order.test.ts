import { expect, it } from 'vitest'
import type { Event } from '../../daemon/contract/event.ts'
import { inTimeOrder } from '../../web/event-order.ts'
import { recordingNames, stepsOf } from '../unit/support/recordings.ts'

const at = (seq: number, second: number, monoSecond = second): Event => ({
  seq,
  time: `2026-03-07T12:00:${String(second).padStart(2, '0')}.000000000Z`,
  monoNs: `${monoSecond}000000000`,
  kind: 'patch-enabled',
  patch: 'v1',
})

it('an event that was read late stands where it happened, and says how late', () => {
  const shown = inTimeOrder([at(4, 8), at(3, 2), at(2, 6), at(1, 1)])
  expect(shown.map(({ event, lateMs }) => [event.seq, lateMs])).toEqual([
    [4, 0],
    [2, 0],
    [3, 4_000],
    [1, 0],
  ])
})

it('of one time the order is that of seq, and nothing is late', () => {
  expect(inTimeOrder([at(2, 1), at(1, 1)]).map(({ event, lateMs }) => [event.seq, lateMs])).toEqual([
    [2, 0],
    [1, 0],
  ])
})

it('a clock that was set back makes nothing late', () => {
  expect(inTimeOrder([at(2, 5, 21), at(1, 20, 20)]).map(({ lateMs }) => lateMs)).toEqual([0, 0])
})

it.each(recordingNames)('the list of %s never goes back in time', (name) => {
  const shown = inTimeOrder(
    stepsOf(name)
      .map(({ event }) => event)
      .reverse(),
  )
  const times = shown.map(({ event }) => event.time)
  expect(times).toEqual([...times].sort().reverse())
})
