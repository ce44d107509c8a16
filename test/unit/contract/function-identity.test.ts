import { expect, it } from 'vitest'
import { functionKey, functionLabel, parseFunctionLabel } from '../../../daemon/contract/function-identity.ts'

it('functions of one name in one object are two, and the first or only one is its name alone', () => {
  const twin = { object: 'm', function: 'f' }
  const keys = [undefined, 0, 1, 2].map((sympos) => functionKey({ ...twin, sympos }))
  expect(keys).toEqual(['m:f', 'm:f', 'm:f', 'm:f,2'])
})

it.each([
  ['f,1', 'f'],
  ['f,2', 'f,2'],
  // As earlier versions recorded it.
  ['f', 'f'],
  ['f.isra.0,3', 'f.isra.0,3'],
])('the folder %s of sysfs is %s', (folder, label) =>
  expect(functionLabel(parseFunctionLabel(folder))).toBe(label),
)
