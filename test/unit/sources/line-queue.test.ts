import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createLineQueue } from '../../../daemon/sources/line-queue.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))

it('hands lines on in their order, and lets others have their turn in between', async () => {
  const handled: string[] = []
  const queue = createLineQueue((line) => handled.push(line))
  for (const line of numbers(120)) queue.push(line)
  expect(handled).toEqual([])
  await turn()
  expect(handled).toHaveLength(50)
  queue.push('120')
  for (let turns = 0; turns < 5; turns++) await turn()
  expect(handled).toEqual(numbers(121))
})

it('takes lines while it hands others on', async () => {
  const handled: string[] = []
  const queue = createLineQueue((line) => {
    handled.push(line)
    if (line === '3') queue.push('late')
  })
  for (const line of numbers(10)) queue.push(line)
  for (let turns = 0; turns < 5; turns++) await turn()
  expect(handled).toEqual([...numbers(10), 'late'])
})

it('can be emptied at once, and goes on afterwards', async () => {
  const handled: string[] = []
  const queue = createLineQueue((line) => handled.push(line))
  for (const line of numbers(200)) queue.push(line)
  queue.drain()
  expect(handled).toEqual(numbers(200))
  queue.push('again')
  for (let turns = 0; turns < 3; turns++) await turn()
  expect(handled.at(-1)).toBe('again')
})

it('keeps within its bound, first without samples, and tells of what it lost when there is room again', () => {
  const handled: string[] = []
  const queue = createLineQueue((line) => handled.push(line), 100)
  const sample = '{"type": "value", "data": ["shadow", 1, 2]}'
  for (const line of numbers(40)) queue.push(line)
  for (let n = 0; n < 20; n++) queue.push(sample)
  for (const line of numbers(60)) queue.push(line)
  queue.drain()
  const inOrder = [...numbers(40), ...Array<string>(10).fill(sample), ...numbers(50)]
  expect(handled).toEqual([...inOrder, '{"type":"lost_events","data":{"events":20}}'])
})
