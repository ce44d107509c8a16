import { expect, it } from 'vitest'
import { knownCounts } from '../../web/task-counts.ts'

const seen = { total: 9, patched: 7, unpatched: 2, undefined: 0, idle: 0, observedAt: '2026-03-07T12:00:00Z' }

it('tells what a snapshot did not contain from zero', () => {
  expect(knownCounts({ ...seen, source: 'iterator' })).toMatchObject({ patched: 7, undefined: 0, idle: 0 })
  expect(knownCounts({ ...seen, source: 'procfs' })).toMatchObject({ total: 9, patched: 7, idle: null })
  expect(knownCounts({ ...seen, total: null, patched: 0, source: null })).toEqual({
    total: null,
    patched: null,
    unpatched: null,
    undefined: null,
    idle: null,
  })
})
