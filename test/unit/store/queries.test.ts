import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { createQueries, type EventFilter, type Queries } from '../../../daemon/store/queries.ts'
import { createRecorder } from '../../../daemon/store/recorder.ts'
import { aWorld } from '../support/fold.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-queries-'))
afterAll(() => rmSync(dir, { recursive: true }))

const opened: { close: () => void }[] = []
afterAll(() => {
  for (const database of opened) database.close()
})
const queriesOf = (name: string, steps: readonly Step[]): Queries => {
  const file = join(dir, `${name}.db`)
  const recorder = createRecorder(openDatabase(file))
  for (const step of steps) recorder.record(step)
  recorder.close()
  const database = openDatabase(file, { readonly: true })
  opened.push(database)
  return createQueries(database)
}

const name = recordingsOf('replace')[0]!
const events = stepsOf(name).map(({ event }) => event)
const newestFirst = (list: readonly Event[]) => [...list].reverse()
let queries: Queries
beforeAll(() => {
  queries = queriesOf(name, stepsOf(name))
})

/** An idle task's, 0, when the recording has one by chance: it must not count as none. */
const aTid = Math.min(...events.flatMap(({ tid }) => (tid === undefined ? [] : [tid])))

describe('events', () => {
  const middle = events[Math.floor(events.length / 2)]!
  const ns = (event: Event) => parseTime(event.time)
  const all = 100_000

  it('come back as they were, newest first', () =>
    expect(queries.events({ limit: all })).toEqual(newestFirst(events)))

  it.each<[string, Omit<EventFilter, 'limit'>, (event: Event) => boolean]>([
    ['a time on', { fromNs: ns(middle) }, (event) => ns(event) >= ns(middle)],
    ['up to a time', { toNs: ns(middle) }, (event) => ns(event) <= ns(middle)],
    ['one kind', { kind: ['task-switched'] }, ({ kind }) => kind === 'task-switched'],
    [
      'two kinds',
      { kind: ['transition-started', 'transition-completed'] },
      ({ kind }) => kind === 'transition-started' || kind === 'transition-completed',
    ],
    ['no kind in particular', { kind: [] }, () => true],
    ['a patch', { patch: 'klpt_patch_v2' }, ({ patch }) => patch === 'klpt_patch_v2'],
    ['a task', { tid: aTid }, ({ tid }) => tid === aTid],
    [
      'a transition, and one kind of it',
      {
        transition: events.find(({ kind }) => kind === 'transition-started')!.transition!,
        kind: ['tasks-switched'],
      },
      (event) =>
        event.kind === 'tasks-switched' &&
        event.transition === events.find(({ kind }) => kind === 'transition-started')?.transition,
    ],
    ['before a number', { before: middle.seq }, ({ seq }) => seq < middle.seq],
  ])('from %s', (_, filter, matches) => {
    const expected = newestFirst(events.filter(matches))
    expect(expected.length).toBeGreaterThan(0)
    expect(queries.events({ ...filter, limit: all })).toEqual(expected)
  })

  it('that nothing matches are none', () => {
    expect(queries.events({ patch: "x' OR 1=1 --", limit: all })).toEqual([])
    expect(queries.events({ kind: ['nonsense'], limit: all })).toEqual([])
  })

  it('page by page are all, none twice', () => {
    const pages: Event[] = []
    for (let before: number | undefined; pages.length <= events.length; before = pages.at(-1)?.seq) {
      const page = queries.events({ limit: 7, ...(before === undefined ? {} : { before }) })
      if (page.length === 0) break
      expect(page.length).toBeLessThanOrEqual(7)
      pages.push(...page)
    }
    expect(pages).toEqual(newestFirst(events))
  })
})

describe('transitions', () => {
  const last = stepsOf(name).at(-1)!.state.lastTransition!

  it('are told as they ended, newest first', () => {
    const found = queries.transitions(10)
    expect(found.map(({ patch, direction, outcome }) => `${patch} ${direction} ${outcome}`)).toEqual([
      'klpt_patch_v2 unpatching completed',
      'klpt_patch_v2 patching completed',
      'klpt_patch_v1 patching completed',
    ])
    expect(found[0]).toEqual(last)
  })

  it('page back in time', () => {
    const first = queries.transitions(1)
    expect(first).toHaveLength(1)
    const next = queries.transitions(1, parseTime(first[0]!.startedAt))
    expect(next[0]?.id).toBe(queries.transitions(10)[1]?.id)
  })

  it('are found by id', () => {
    expect(queries.transition(last.id)).toEqual(last)
    expect(queries.transition('nope')).toBeUndefined()
  })

  it('that run are there already', () => {
    const steps = stepsOf(name)
    const running = steps.findIndex(({ state }) => state.transition !== null)
    const [found] = queriesOf('running', steps.slice(0, running + 1)).transitions(10)
    expect(found).toMatchObject({ outcome: 'running', endedAt: null })
  })
})

describe('findings', () => {
  const steps = stepsOf(recordingsOf('restart')[0]!)

  it('open and closed', () => {
    const whole = queriesOf('findings', steps)
    expect(whole.findings(false)).toMatchObject([
      { rule: 'transition-stalled', closedAt: expect.any(String) },
    ])
    expect(whole.findings(true)).toEqual([])
    const stalled = steps.findIndex(({ state }) => state.findings.size > 0)
    const part = queriesOf('findings-open', steps.slice(0, stalled + 1))
    expect(part.findings(true)).toEqual([...steps[stalled]!.state.findings.values()])
  })
})

describe('series', () => {
  /** A point each second: 0, 1, 2… and at the end the line ends. */
  const steps = (() => {
    const world = aWorld()
    const list: Step[] = []
    for (let second = 0; second < 100; second++) {
      const event = world.at(second, { kind: 'tracer-stopped', reason: 'x' })
      const point = {
        kind: 'point',
        name: 's',
        time: event.time,
        value: second === 99 ? null : second,
      } as const
      list.push({ event, state: world.state(), effects: [point] })
    }
    return list
  })()
  const second = 1_000_000_000n
  let series: Queries
  beforeAll(() => {
    series = queriesOf('series', steps)
  })

  it('every point when there is room for all, ascending, in Unix milliseconds; gaps are null', () => {
    const { times, values } = series.series('s', 0n, 99n * second, 10_000)
    expect(times).toEqual(Array.from({ length: 100 }, (_, n) => n * 1000))
    expect(values).toEqual([...Array.from({ length: 99 }, (_, n) => n), null])
  })

  it('only between the two times, both included', () =>
    expect(series.series('s', 10n * second, 12n * second, 100).values).toEqual([10, 11, 12]))

  it('of each bin the last point, with its own time', () => {
    const { times, values } = series.series('s', 0n, 99n * second, 10)
    expect(values.length).toBeLessThanOrEqual(11)
    // Bins of 9.9 s: the last whole second of each.
    expect(values.slice(0, 4)).toEqual([9, 19, 29, 39])
    expect(times.slice(0, 4)).toEqual([9_000, 19_000, 29_000, 39_000])
    expect(values.at(-1)).toBeNull()
  })

  it('and beside it the lowest and the highest of the bin', () => {
    const { min, max } = series.series('s', 0n, 99n * second, 10)
    expect(min?.slice(0, 4)).toEqual([0, 10, 20, 30])
    expect(max?.slice(0, 4)).toEqual([9, 19, 29, 39])
  })

  it('from steps as coarse as its bins, and where fine ones are gone, from coarser ones', () => {
    const hours = aWorld()
    const list = Array.from({ length: 7_200 }, (_, index): Step => {
      const event = hours.at(index, { kind: 'tracer-stopped', reason: 'x' })
      return {
        event,
        state: hours.state(),
        effects: [{ kind: 'point', name: 's', time: event.time, value: index % 100 }],
      }
    })
    const file = join(dir, 'hours.db')
    const long = queriesOf('hours', list)
    const whole = long.series('s', 0n, 7_200n * second, 10)
    expect(whole.times).toHaveLength(10)
    expect(whole.max).toEqual(whole.max?.map(() => 99))
    expect(whole.times[0]).toBeGreaterThan(700_000)
    const gone = openDatabase(file)
    gone.prepare('DELETE FROM points_1s WHERE start_ns < ?').run(3_600n * second)
    gone.close()
    const { times } = long.series('s', 0n, 7_200n * second, 10_000)
    expect(times.slice(0, 60)).toEqual(Array.from({ length: 60 }, (_, minute) => minute * 60_000 + 59_000))
    expect(times.slice(60)).toEqual(Array.from({ length: 3_600 }, (_, index) => (3_600 + index) * 1000))
  })

  it('unknown names and empty times give an empty series', () => {
    const empty = { times: [], values: [] }
    expect(series.series('other', 0n, 99n * second, 10)).toMatchObject({ name: 'other', ...empty })
    expect(series.series('s', 500n * second, 500n * second, 10)).toMatchObject({ name: 's', ...empty })
  })

  it('have names', () => {
    expect(series.seriesNames()).toEqual(['s'])
    expect(queries.seriesNames()).toEqual(
      expect.arrayContaining(['remaining-tasks', 'shadow-live:0x1001', 'shadow-live:0x1002']),
    )
  })

  it('of a real transition: from many down to zero, then the line ends', () => {
    const { values } = queries.series('remaining-tasks', 0n, 2n ** 62n, 2 ** 30)
    expect(values.length).toBeGreaterThan(0)
    const [from, to] = [parseTime(events[0]!.time), parseTime(events.at(-1)!.time)]
    const real = queries.series('remaining-tasks', from, to, 1_000_000).values
    expect(Math.max(...real.map(Number))).toBeGreaterThan(0)
    expect(real.slice(-2)).toEqual([0, null])
  })
})
