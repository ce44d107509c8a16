import { expect, it } from 'vitest'
import { compareVersions } from '../../../daemon/core/compare-versions.ts'

it.each([
  ['1.0', '2.0', -1],
  ['1.10', '1.9', 1],
  ['1.0', '1.0', 0],
  ['1.0', '1.0.1', -1],
  ['2024-07', '2024-11', -1],
  ['1-rc', '1', 1],
])('%s against %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign)
})
