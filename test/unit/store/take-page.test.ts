import { expect, test } from 'vitest'
import { takePage } from '../../../daemon/store/take-page.ts'

const rows = function* (count: number, bytes: number, read: { rows: number }) {
  for (let seq = 1; seq <= count; seq++) {
    read.rows++
    yield { seq, data: 'x'.repeat(bytes) }
  }
}

test('a page of large events ends early, and reads no further', () => {
  const read = { rows: 0 }
  expect(takePage(rows(100, 5_000_000, read))).toHaveLength(4)
  expect(read.rows).toBe(4)
})

test('a page has at least one event, and all where they are small', () => {
  expect(takePage(rows(1, 30_000_000, { rows: 0 }))).toHaveLength(1)
  expect(takePage(rows(2_000, 200, { rows: 0 }))).toHaveLength(2_000)
  expect(takePage(rows(0, 0, { rows: 0 }))).toEqual([])
})
