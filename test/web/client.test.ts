import { expect, it } from 'vitest'
import { reconnectDelayMs } from '../../web/client.ts'

it('waits longer with each attempt, between half and all of 0.5 s to 5 s', () => {
  expect(reconnectDelayMs(0, 0)).toBe(500)
  expect(reconnectDelayMs(0, 1)).toBe(250)
  expect(reconnectDelayMs(2, 0)).toBe(2000)
  expect(reconnectDelayMs(50, 0)).toBe(5000)
  expect(reconnectDelayMs(50, 1)).toBe(2500)
})
