import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createAccount } from '../../../daemon/account/account.ts'
import { createLineQueue } from '../../../daemon/sources/line-queue.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index))
const sample = '{"type": "value", "data": ["shadow", 1, 2]}'

const aQueue = (onLine: (line: string) => void = () => undefined, most?: number) => {
  const handled: string[] = []
  const account = createAccount()
  const queue = createLineQueue(
    (line) => {
      handled.push(line)
      onLine(line)
    },
    account,
    most,
  )
  return { queue, handled, account }
}

it('hands lines on in their order, and lets others have their turn in between', async () => {
  const { queue, handled } = aQueue()
  queue.push(numbers(120))
  expect(handled).toEqual([])
  await turn()
  expect(handled).toHaveLength(50)
  queue.push(['120'])
  for (let turns = 0; turns < 5; turns++) await turn()
  expect(handled).toEqual(numbers(121))
})

it('takes lines while it hands others on', async () => {
  const { queue, handled } = aQueue((line) => {
    if (line === '3') queue.push(['late'])
  })
  queue.push(numbers(10))
  for (let turns = 0; turns < 5; turns++) await turn()
  expect(handled).toEqual([...numbers(10), 'late'])
})

it('can be emptied at once, and goes on afterwards', async () => {
  const { queue, handled } = aQueue()
  queue.push(numbers(200))
  queue.end(Number.POSITIVE_INFINITY)
  expect(handled).toEqual(numbers(200))
  queue.push(['again'])
  for (let turns = 0; turns < 3; turns++) await turn()
  expect(handled.at(-1)).toBe('again')
})

it('keeps within its bound, first without samples, and counts what it lost', () => {
  const { queue, handled, account } = aQueue(undefined, 100)
  queue.push(numbers(40))
  queue.push(Array<string>(20).fill(sample))
  queue.push(numbers(60))
  expect(account.open(), 'all that arrived').toBe(120)
  queue.end(Number.POSITIVE_INFINITY)
  expect(handled).toEqual([...numbers(40), ...Array<string>(10).fill(sample), ...numbers(50)])
  expect(account.status().lost['line-queue']).toBe(20)
  expect(account.takeUntold()).toEqual([['line-queue', 20]])
  expect(account.open(), 'what nobody was told of yet').toBe(20)
})

it('ends in time whatever waits: samples are given up first, and every line is handled or counted', () => {
  const { queue, handled, account } = aQueue(() => {
    for (const end = performance.now() + 0.05; performance.now() < end; );
  })
  const rare = numbers(200)
  queue.push([...Array<string>(200_000).fill(sample), ...rare])
  const begun = performance.now()
  queue.end(begun + 300)
  expect(performance.now() - begun).toBeLessThan(2_000)
  const { lost } = account.status()
  expect(lost.stop).toBeGreaterThan(100_000)
  expect(handled.length + lost.stop + lost['line-queue']).toBe(200_200)
  expect(handled.slice(-rare.length)).toEqual(rare)
})
