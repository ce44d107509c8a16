import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Straggler, TransitionReport } from '../../../daemon/contract/report.ts'
import { renderReport } from '../../../daemon/report/render-report.ts'
import { groupCells, groupStragglers } from '../../../daemon/report/straggler-groups.ts'
import { longNamesSteps } from '../support/long-names-story.ts'
import { recordSteps } from '../support/record-steps.ts'
import { reportOf } from '../support/report-of.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-stragglers-'))
const database = recordSteps(longNamesSteps(true), join(dir, 'klpscope.db'))
const report = reportOf(database)
database.close()
rmSync(dir, { recursive: true })
const startMs = Date.parse(report.transition.startedAt)
const after = (ms: number) => new Date(startMs + ms).toISOString()

const aStraggler = (tid: number, durationMs: number, own: Partial<Straggler> = {}): Straggler => ({
  ...report.stragglers[0]!,
  tid,
  comm: `task-${tid}`,
  since: after(0),
  until: after(durationMs),
  durationMs,
  reasons: [],
  stack: null,
  end: 'seen-switched',
  way: null,
  ...own,
})
const withStragglers = (stragglers: Straggler[]): TransitionReport => ({
  ...report,
  stragglers,
  stragglersTotal: stragglers.length,
})
/** `several` reasons and ends, a new moment each. */
const many = (count: number, several: number): Straggler[] =>
  Array.from({ length: count }, (_, index) =>
    aStraggler(index + 1, 20_000 - index / 2, {
      reasons: [
        { reason: 'sleeping-on-function', function: `f${index % several}`, blame: null, since: after(0) },
      ],
    }),
  )

describe('the tasks in the way, in a report', () => {
  it('of a crowd switched at one try are ten in full and one line for the others', () => {
    const { named, groups } = groupStragglers(
      withStragglers(Array.from({ length: 66 }, (_, i) => aStraggler(i, 8_200))),
    )
    expect(named).toHaveLength(10)
    expect(groups.map(groupCells)).toEqual([
      [
        '56',
        'reason not seen',
        'found switched by a later look',
        '8.2 s',
        '+8.200 s',
        'task-10 (10), task-11 (11), task-12 (12), …',
      ],
    ])
  })

  it('the one that held it up is among those told in full, wherever it stands', () => {
    const crowd = Array.from({ length: 66 }, (_, i) => aStraggler(i, 8_200))
    const known = aStraggler(999, 8_000, {
      end: 'switched',
      reasons: [{ reason: 'running', function: null, blame: null, since: after(0) }],
    })
    const { named, groups } = groupStragglers({
      ...withStragglers([...crowd, known]),
      transition: { ...report.transition, durationMs: 9_000 },
    })
    expect(named.map(({ tid }) => tid)).toContain(999)
    expect(named.length + groups.reduce((sum, { count }) => sum + count, 0)).toBe(67)
  })

  it.each([
    [70, 1],
    [70, 70],
    [20_000, 3],
    [20_000, 5_000],
  ])('%i of %i kinds: every one is counted, in a document of bounded length', (count, several) => {
    const crowd = withStragglers(many(count, several))
    const { named, groups } = groupStragglers(crowd)
    expect(named.length + groups.reduce((sum, group) => sum + group.count, 0)).toBe(count)
    expect(groups.length).toBeLessThanOrEqual(20)
    for (const format of ['md', 'html'] as const) {
      const more = renderReport(crowd, format).length - renderReport(withStragglers([]), format).length
      expect(more, format).toBeLessThan(40_000)
    }
    expect(JSON.parse(renderReport(crowd, 'json')).stragglers).toHaveLength(count)
  })
})
