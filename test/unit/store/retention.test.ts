import { statSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { initialState } from '../../../daemon/core/core-state.ts'
import { formatTime } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import { createCheckpointWriter } from '../../../daemon/store/checkpoints.ts'
import type { Keep } from '../../../daemon/store/keep.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { createQueries } from '../../../daemon/store/queries.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { createRetention } from '../../../daemon/store/retention.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { thinCheckpoints } from '../../../daemon/store/thin-checkpoints.ts'
import { createWriter } from '../../../daemon/store/writer.ts'
import { aTask, started, tasksObserved, transitionStarted } from '../support/fold.ts'
import { aLongStory, nowAfter, secondOf } from '../support/long-story.ts'
import { recordSteps } from '../support/record-steps.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

vi.setConfig({ testTimeout: 30_000 })
const dir = useTemporaryDir()
const opened: Database[] = []
afterEach(() => {
  for (const database of opened.splice(0)) database.close()
})
/** With a checkpoint every 100 events. */
const recordOf = (steps: readonly Step[], name = 'klpscope.db') => {
  const places = steps.map(({ event }) => event.seq).filter((seq) => seq % 100 === 0)
  const database = recordSteps(steps, dir.path(name), new Set([...places, steps.at(-1)!.event.seq]))
  opened.push(database)
  return database
}
const second = 1 / 86_400
/** The unit of these stories, in seconds. */
const hours = 400

/** Tidies up until there is nothing to do. @returns how long each piece of work took, in ms */
const tidy = (database: Database, keep: Keep): number[] => {
  const retention = createRetention(database, keep)
  const took: number[] = []
  for (let piece = 0; ; piece++) {
    expect(piece, 'it comes to an end').toBeLessThan(10_000)
    const begun = performance.now()
    const more = retention.step()
    took.push(performance.now() - begun)
    if (!more) return took
  }
}
const seqsOf = (database: Database) =>
  database.prepare('SELECT seq FROM events ORDER BY seq').pluck().all() as number[]
const checkStates = (database: Database, steps: readonly Step[], fromSeq: number) => {
  const kept = steps.filter(({ event }) => event.seq >= fromSeq)
  expect(kept.length).toBeGreaterThan(0)
  for (let at = 0; at < kept.length; at += Math.ceil(kept.length / 12)) {
    const { event, state } = kept[at]!
    expect(serializeState(restoreState(database, event.seq)), `at ${event.seq}`).toBe(serializeState(state))
  }
}

describe('by age', () => {
  const steps = aLongStory(5 * hours)

  it('what is older goes, the rest is whole, and the state of any kept moment is right', () => {
    const database = recordOf(steps)
    tidy(database, { days: 2 * hours * second, mb: null })
    const kept = seqsOf(database)
    const all = steps.map(({ event }) => event.seq)
    expect(kept).toEqual(all.slice(-kept.length))
    const oldest = steps.find(({ event }) => event.seq === kept[0])!
    expect(secondOf(oldest)).toBeLessThan(3 * hours)
    expect(secondOf(oldest), 'not much more is kept than was asked for').toBeGreaterThan(2.5 * hours)
    const { first, last } = createPast(database).bounds()!
    expect([first.seq, last.seq]).toEqual([kept[0], kept.at(-1)])
    checkStates(database, steps, first.seq)
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok')
  })

  it('again later: the beginning moves on', () => {
    const database = recordOf(steps)
    const keep = { days: 2 * hours * second, mb: null }
    tidy(database, { ...keep, days: 3 * hours * second })
    const before = createPast(database).bounds()!.first.seq
    tidy(database, keep)
    expect(createPast(database).bounds()!.first.seq).toBeGreaterThan(before)
    expect(tidy(database, keep), 'and then there is nothing to do').toHaveLength(1)
  })

  it('without a bound nothing goes', () => {
    const database = recordOf(steps)
    expect(tidy(database, { days: null, mb: null })).toHaveLength(1)
    expect(seqsOf(database)).toHaveLength(steps.length)
  })

  it('even when all is too old, the state now and what came after its last checkpoint stay', () => {
    const database = recordOf(steps)
    tidy(database, { days: 0, mb: null })
    expect(serializeState(restoreState(database))).toBe(serializeState(steps.at(-1)!.state))
  })

  it('minutes of series, transitions and their tasks stay ten times as long', () => {
    const database = recordOf(steps)
    tidy(database, { days: 0.4 * hours * second, mb: null })
    const one = (sql: string) => database.prepare(sql).pluck().get() as number
    const age = (ns: number) => (Number(nowAfter(5 * hours)) - ns) / (hours * 1e9)
    expect(age(one('SELECT min(start_ns) FROM points_1s'))).toBeLessThan(1.2)
    expect(age(one('SELECT min(start_ns) FROM points_1min'))).toBeGreaterThan(3.5)
    expect(age(one('SELECT min(start_ns) FROM transitions'))).toBeGreaterThan(3.5)
    expect(one('SELECT count(DISTINCT transition_id) FROM transition_tasks')).toBe(
      one('SELECT count(*) FROM transitions'),
    )
    const { times } = createQueries(database).series('shadow-live:0x1', nowAfter(0), nowAfter(5 * hours), 600)
    expect(times.length).toBeGreaterThan(50)
    expect((times.at(-1)! - times[0]!) / (hours * 1000), 'a chart of all of it').toBeGreaterThan(3.5)
  })
})

describe('by size', () => {
  it('the oldest go until it fits, and the file gets smaller', () => {
    const steps = aLongStory(8 * hours)
    const database = recordOf(steps)
    database.pragma('wal_checkpoint(TRUNCATE)')
    const before = statSync(dir.path('klpscope.db')).size
    expect(before).toBeGreaterThan(1e6)
    const bound = before / 1e6 / 2
    tidy(database, { days: null, mb: bound })
    database.pragma('wal_checkpoint(TRUNCATE)')
    const after = statSync(dir.path('klpscope.db')).size
    expect(after, 'with some free pages').toBeLessThan(bound * 1e6 + 300_000)
    expect(after, 'not much more goes than has to').toBeGreaterThan(bound * 0.6e6)
    checkStates(database, steps, createPast(database).bounds()!.first.seq)
  })
})

describe('an open transition', () => {
  const silent = { [-1]: [] }
  const holding = {
    ...silent,
    150: [{ ...transitionStarted(), patch: 'held' }],
    200: [tasksObserved([aTask(1, 0)], 1)],
    1000: [{ kind: 'transition-signalled', patch: 'held', direction: 'patching', round: 1 }],
  } as const
  const steps = aLongStory(5 * hours, holding as never)
  const id = steps.at(-1)!.state.transition!.id
  const evidence = steps.filter(({ event }) => event.transition === id).map(({ event }) => event.seq)

  it('keeps all its events, however old, and the state at its start can be folded', () => {
    const database = recordOf(steps)
    tidy(database, { days: hours * second, mb: null })
    const kept = seqsOf(database)
    expect(kept).toEqual(expect.arrayContaining(evidence))
    expect(kept.length).toBeLessThan(steps.length / 2)
    expect(database.prepare('SELECT id FROM transitions').pluck().all()).toContain(id)
    const start = steps.find(({ event }) => event.seq === Number(id))!
    expect(serializeState(restoreState(database, Number(id)))).toBe(serializeState(start.state))
    const { first } = createPast(database).bounds()!
    expect(first.seq).toBeGreaterThan(Number(id))
    checkStates(database, steps, first.seq)
  })

  it('lets go of them when it is over', () => {
    const over = aLongStory(5 * hours, {
      ...holding,
      1900: [{ kind: 'transition-completed', patch: 'held', direction: 'patching' }],
    } as never)
    const database = recordOf(over)
    tidy(database, { days: hours * second, mb: null })
    const kept = seqsOf(database)
    expect(kept).not.toContain(Number(id))
    expect(kept).toEqual(over.map(({ event }) => event.seq).slice(-kept.length))
  })
})

it('of an open finding the events that show it stay', () => {
  const steps = aLongStory(4 * hours)
  const database = recordOf(steps)
  const insert = database.prepare(
    "INSERT INTO findings SELECT ?, 'transition-stalled', 'warning', 's', time_ns, NULL, ? FROM events WHERE seq = ?",
  )
  insert.run('a', JSON.stringify({ evidence: [55, 66], openedSeq: 77 }), 77)
  // As earlier versions recorded them.
  insert.run('b', JSON.stringify({ evidence: [] }), 88)
  tidy(database, { days: hours * second, mb: null })
  expect(seqsOf(database).slice(0, 4)).toEqual([55, 66, 77, 88])
})

it('goes on beside writing, a few hundred events at a time', () => {
  const steps = aLongStory(8 * hours)
  const database = openDatabase(dir.path('klpscope.db'))
  opened.push(database)
  const writer = createWriter(database)
  const retention = createRetention(database, { days: hours * second, mb: null })
  let before = initialState
  let most = 0
  for (let at = 0; at < steps.length; at += 100) {
    const batch = steps.slice(at, at + 100).map((step) => ({ ...step, text: JSON.stringify(step.event) }))
    writer.write(before, batch, false)
    before = batch.at(-1)!.state
    writer.checkpoint(before)
    const there = seqsOf(database).length
    retention.step()
    most = Math.max(most, there - seqsOf(database).length)
  }
  expect(seqsOf(database).length).toBeLessThan(steps.length / 3)
  checkStates(database, steps, createPast(database).bounds()!.first.seq)
  expect(most, 'events in one piece of work').toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(500)
})

it('of large old states fewer are kept, small and recent ones all', () => {
  const large = Array.from({ length: 8_000 }, (_, tid) =>
    aTask(tid * 7_919, -1, `task-${(tid * 48_271) % 65_537}`),
  )
  const database = openDatabase(dir.path('klpscope.db'))
  opened.push(database)
  const [{ event, state }] = aLongStory(1, { [-1]: [], 1: [tasksObserved(large)] } as never).slice(-1) as [
    Step,
  ]
  const checkpoints = createCheckpointWriter(database)
  for (let seq = 1; seq <= 40; seq++) {
    const time = formatTime(nowAfter(seq))
    checkpoints.take({ event, state, effects: [] }, 1_600_000)
    checkpoints.write({ ...state, seq, time })
  }
  const count = () => database.prepare('SELECT count(*) FROM checkpoints').pluck().get() as number
  const all = count()
  const bytes = database.prepare('SELECT max(length(state)) FROM checkpoints').pluck().get() as number
  const thin = () => {
    for (let times = 0; times < 1_000 && thinCheckpoints(database, 0); times++);
  }
  thin()
  expect(count(), 'of the last day').toBe(all)
  checkpoints.write({ ...state, seq: 41, time: formatTime(nowAfter(100 * 24 * hours)) })
  thin()
  expect(bytes, 'it is a large state').toBeGreaterThan(100_000)
  expect(count()).toBeLessThan(all / 2)
})

describe('a wall clock that jumps makes nothing older', () => {
  const yearNs = 365n * 86_400_000_000_000n
  const base = 1_700_000_000_000_000_000n
  const set = (byNs: bigint) =>
    ({ kind: 'clock-mapped', offsetNs: String(base + byNs), cause: 'set' }) as const
  const jumps: [string, Record<number, unknown[]>][] = [
    ['a year ahead', { 600: [set(yearNs)] }],
    ['twenty years back', { 600: [set(-20n * yearNs)] }],
    ['ahead and back again', { 500: [set(yearNs)], 700: [set(0n)] }],
    [
      'back and ahead, again and again',
      { 300: [set(-yearNs)], 500: [set(3n * yearNs)], 700: [set(-2n * yearNs)], 900: [set(yearNs)] },
    ],
    ['a year ahead over a restart', { 600: [set(yearNs), started()] }],
    ['a year ahead over a reboot', { 600: [set(yearNs), started('boot-2')] }],
    ['at its very end', { 1199: [set(yearNs)] }],
  ]
  const rows = (database: Database) =>
    ['events', 'points_1s', 'points_1min', 'transitions', 'transition_tasks', 'runs'].map(
      (table) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number,
    )

  it.each(jumps)('%s: nothing is deleted that is younger in truth', (_, tell) => {
    const database = recordOf(aLongStory(3 * hours, tell as never))
    const before = rows(database)
    tidy(database, { days: 10 * hours * second, mb: null })
    expect(rows(database)).toEqual(before)
  })

  it.each(jumps)('%s: what is older in truth goes, in the end', (_, tell) => {
    const steps = aLongStory(5 * hours, tell as never)
    const database = recordOf(steps)
    for (let times = 0; times < 5; times++) tidy(database, { days: hours * second, mb: null })
    const oldest = secondOf(steps.find(({ event }) => event.seq === seqsOf(database)[0])!)
    expect(oldest, 'the last hour is kept').toBeLessThanOrEqual(4 * hours)
    if (!/restart|reboot/.test(_)) expect(oldest, 'not much more than that').toBeGreaterThan(3 * hours)
  })
})
