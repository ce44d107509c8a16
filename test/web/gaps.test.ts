import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Gap, GapSeen } from '../../daemon/contract/gap.ts'
import { gapWords } from '../../daemon/words/gaps.ts'
import { bandsWithin, gapBands } from '../../web/charts/gap-bands.ts'
import { holdToEnds } from '../../web/charts/hold-to-ends.ts'
import { applyMessage, emptyView } from '../../web/view.ts'
import { aState } from './a-state.ts'

const at = (s: number) => new Date(s * 1000).toISOString()
const gap = (seen: GapSeen, from: number, to: number, lasts = false): Gap => ({
  source: 'who',
  reason: 'why',
  seen,
  from: at(from),
  to: at(to),
  ...(lasts ? { lasts: true } : {}),
})

describe('bands of a chart', () => {
  it('tell what was seen; of a part of the observer there is none', () => {
    expect(gapBands([gap('nothing', 1, 2), gap('polling', 3, 4), gap('most', 5, 6)])).toEqual([
      { from: 1_000, to: 2_000, seen: 'nothing' },
      { from: 3_000, to: 4_000, seen: 'polling' },
    ])
  })

  it('of a gap that lasts reach to the end, whenever that is', () => {
    const bands = gapBands([gap('polling', 3, 3, true)])
    expect(bandsWithin(bands, 1e9, 2e9)).toHaveLength(1)
    expect(bandsWithin(bands, 0, 3_000)).toEqual([])
  })
})

describe('a line', () => {
  const series = (times: number[], values: (number | null)[]) => ({ name: 'a', times, values })

  it('holds its value up to the gap, and nothing in it', () => {
    expect(holdToEnds(series([0, 5_001, 9_000], [3, null, 4]))).toEqual(
      series([0, 5_000, 5_001, 9_000], [3, 3, null, 4]),
    )
    const ended = series([0, 1], [0, null])
    expect(holdToEnds(ended)).toBe(ended)
  })

  it('that is told late to have ended ends after its last point', () => {
    const now = Date.parse('2026-03-07T12:00:00Z')
    const snapshot = {
      type: 'snapshot',
      protocolVersion: 1,
      seq: 1,
      state: aState,
      events: [],
      series: [series([now], [3])],
    } as const
    const view = applyMessage(emptyView, structuredClone(snapshot) as never, 0)
    const points = [{ name: 'a', time: now - 500, value: null }]
    const next = applyMessage(view, { type: 'changes', seq: 2, state: {}, events: [], points }, 0)
    expect(next.series.a).toMatchObject({ times: [now, now + 1], values: [3, null] })
  })
})

it('nothing seen and only sysfs and /proc have looks of their own, by pattern', () => {
  const looks = ['nothing', 'polling', 'most'] as const
  const css = readFileSync(new URL('../../web/styles/gaps.css', import.meta.url), 'utf8')
  const patterns = looks.map((seen) =>
    css.match(new RegExp(`data-seen="${seen}"\\] \\{([^}]*)\\}`))?.[1]?.replace(/var\([^)]*\)/g, ''),
  )
  expect(new Set(patterns).size).toBe(looks.length)
  expect(new Set(looks.map((seen) => gapWords[seen])).size).toBe(looks.length)
})
