import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createReordering } from '../../../daemon/sources/reordering.ts'
import { mapLine, tupleLine } from '../support/raw.ts'

const ordered = (...lines: string[]): string[] => {
  const out: string[] = []
  const reordering = createReordering((body) => {
    if (body.source === 'bpftrace') out.push(body.line)
  })
  for (const line of lines) reordering.take(line)
  reordering.flush()
  return out
}

describe('records of one moment', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('come out in the order of their kernel times', () => {
    const found = tupleLine('object.found', 10, 5, 1, 'p', 'o', 128)
    const loaded = tupleLine('patch.loaded', 10, 7, 'p', 1, 1, 1, 'insmod')
    const spaced = '{"type": "value", "data": ["patch.load",10,1,"p","1.0",0,1,1,"insmod"]}'
    expect(ordered(loaded, spaced, found)).toEqual([spaced, found, loaded])
  })

  it('leaves maps before their tick, and equal times as they are', () => {
    const tick = tupleLine('tasks.tick', 10, 5)
    const map = mapLine('@tries', {})
    const earlier = tupleLine('task.switched', 10, 4, 1)
    const same = tupleLine('idle', 10, 5, 0, 1)
    expect(ordered(map, tick, same, earlier)).toEqual([earlier, map, tick, same])
  })

  it('keeps the lines of an inventory together in their order', () => {
    const lines = [
      tupleLine('inventory.begin', 1),
      tupleLine('inventory.state', 0, 1, 2),
      tupleLine('task.blocked', 10, 9, 1),
      tupleLine('inventory.object', 'o', 1, 1, 0, 1),
      tupleLine('task.blocked', 10, 5, 1),
    ]
    expect(ordered(...lines).filter((line) => line.includes('inventory'))).toEqual(
      lines.filter((line) => line.includes('inventory')),
    )
  })

  it('come before a look at all tasks that shows what they did', () => {
    const out: string[] = []
    const { take, place, flush } = createReordering((body) =>
      out.push(body.source === 'bpftrace' ? body.line : body.source),
    )
    const [before, after] = [tupleLine('transition.force', 10, 4, 1), tupleLine('task.switched', 10, 6, 1)]
    place(10_000_000_005n, { source: 'task-iterator', text: '' })
    take(after)
    take(before)
    flush()
    expect(out).toEqual([before, 'task-iterator', after])
  })

  it('wait a moment for earlier ones, no longer; what was read for one follows it', () => {
    const out: string[] = []
    const { take } = createReordering((body) => out.push(body.source))
    take(tupleLine('transition.ask', 1, 1, 'sh', 1, 'sh'), { source: 'kernel-log', line: 'x' })
    expect(out).toEqual([])
    vi.advanceTimersByTime(100)
    expect(out).toEqual(['bpftrace', 'kernel-log'])
  })
})
