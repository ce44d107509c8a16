import { describe, expect, it } from 'vitest'
import type { Transition } from '../../../daemon/contract/state.ts'
import { compareWithPast } from '../../../daemon/report/compare-with-past.ts'

const took = (durationMs: number, own: Partial<Transition> = {}) =>
  ({ durationMs, outcome: 'completed', startKnown: true, ...own }) as Transition
const text = (durationMs: number, past: number[], own: Partial<Transition> = {}) =>
  compareWithPast(took(durationMs, own), past).text

describe('compared with the past', () => {
  it.each([
    [100, [], 'It is the first transition in this record, with none before it to compare it with.'],
    [100, [50], 'It is the longer of 2 transitions in this record; the other took 50 ms.'],
    [100, [500], 'It is the shorter of 2 transitions in this record; the other took 500 ms.'],
    [
      100,
      [10, 20, 300, 400],
      'It is the 3rd longest of 5 transitions in this record, too few for a percentile; the median of the 4 before it is 160 ms.',
    ],
    [
      100,
      [10, 20, 30],
      'It is the longest of 4 transitions in this record, too few for a percentile; the median of the 3 before it is 20 ms.',
    ],
    [
      1,
      [10, 20, 30],
      'It is the shortest of 4 transitions in this record, too few for a percentile; the median of the 3 before it is 20 ms.',
    ],
  ])('%d ms after %j', (ms, past, expected) => expect(text(ms, past)).toBe(expected))

  it('speaks of a percentile when there are enough', () => {
    const past = Array.from({ length: 40 }, (_, index) => index * 10)
    expect(compareWithPast(took(305), past)).toMatchObject({
      others: 40,
      longer: 9,
      percentile: 78,
      medianMs: 195,
      text: 'It took longer than 78 % of the 40 past transitions in this record, whose median is 195 ms.',
    })
  })

  it('says that it is not over', () =>
    expect(text(100, [10, 20], { outcome: 'running' })).toMatch(/^It is so far the longest of 3/))
  it('knows its ordinals', () => {
    const past = (longer: number) =>
      [...Array<number>(2).fill(1), ...Array<number>(longer).fill(500)].sort((a, b) => a - b)
    expect(
      [1, 2, 10, 11, 12].map((longer) => text(100, past(longer)).match(/the (\w+) longest/)?.[1]),
    ).toEqual(['2nd', '3rd', '11th', '12th', '13th'])
  })
})
