import { expect, it } from 'vitest'
import { recordName } from '../../../daemon/sources/record-name.ts'
import { tupleLine } from '../support/raw.ts'

it('a record is known by its place in the line, whatever a task is called', () => {
  for (const comm of ['klpscope.ready', 'calls.ready', '"inventory.end"', '["transition.start",1'])
    expect(recordName(tupleLine('task.blocked', 1, 2, 3, 3, 98, 'f', 0, 0, 1026, comm))).toBe('task.blocked')
  expect(recordName(tupleLine('klpscope.ready', 1, 2))).toBe('klpscope.ready')
  expect(recordName('{"type":"value","data":["shadow",1]}')).toBe('shadow')
  expect(recordName('{"type": "map", "data": {"@klpscope.ready": 1}}')).toBeNull()
  expect(recordName('')).toBeNull()
})
