import type { Database } from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { initialState } from '../../../daemon/core/core-state.ts'
import { taskKey } from '../../../daemon/core/task-key.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { createWriter } from '../../../daemon/store/writer.ts'
import { recordSteps } from '../support/record-steps.ts'
import { ofKind, recordingNames, recordingsOf, stepsOf } from '../support/recordings.ts'
import { tableContents } from '../support/table-contents.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const opened: Database[] = []
afterEach(() => {
  for (const database of opened.splice(0)) database.close()
})
const recordOf = (name: string) => {
  const database = recordSteps(stepsOf(name), dir.path(`${opened.length}.db`))
  opened.push(database)
  const rows = (sql: string) => database.prepare(sql).all() as Record<string, unknown>[]
  return { database, rows }
}

describe.each(recordingNames)('the tables of %s', (name) => {
  const steps = stepsOf(name)
  const events = steps.map(({ event }) => event)
  const last = steps.at(-1)!.state

  it('are the same however many events are written at once', () => {
    const whole = tableContents(recordOf(name).database)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const database = openDatabase(dir.path(`${opened.length}.db`))
        opened.push(database)
        const writer = createWriter(database)
        let before = initialState
        for (let at = 0, turn = 0; at < steps.length; turn++) {
          const batch = steps.slice(at, at + sizes[turn % sizes.length]!)
          writer.write(
            before,
            batch.map((step) => ({ ...step, text: JSON.stringify(step.event) })),
            false,
          )
          before = batch.at(-1)!.state
          at += batch.length
        }
        writer.checkpoint(before)
        expect(tableContents(database)).toEqual(whole)
      }),
      { numRuns: 5 },
    )
  })

  it('name every task a transition had to wait for, and how it switched', () => {
    const rows = recordOf(name).rows('SELECT * FROM transition_tasks')
    const found = new Map(rows.map((row) => [`${row.transition_id}/${row.task}`, row]))
    for (const event of ofKind(events, 'task-blocked')) {
      if (event.transition === undefined) continue
      expect(found.get(`${event.transition}/${taskKey(event)}`)).toMatchObject({
        comm: event.comm,
        kthread: Number(event.kthread),
      })
    }
    for (const event of ofKind(events, 'task-switched')) {
      const row = found.get(`${event.transition}/${taskKey(event)}`)
      const later = events.some(
        (next) =>
          next.seq > event.seq &&
          (next.kind === 'transition-reversed'
            ? next.transition === event.transition
            : next.kind === 'task-blocked' && taskKey(next) === taskKey(event)),
      )
      if (row && !later)
        expect(row).toMatchObject({ way: event.way, switched_ns: Number(parseTime(event.time)) })
    }
  })

  it('have the patches as they were last, and those that are gone', () => {
    const rows = recordOf(name).rows('SELECT * FROM patches ORDER BY id')
    const there = rows.filter((row) => row.gone_ns === null)
    expect(there.map((row) => JSON.parse(String(row.data))).sort(byName)).toEqual(
      [...last.patches].sort(byName),
    )
    const seen = new Set(steps.flatMap(({ state }) => state.patches.map((patch) => patch.name)))
    expect(new Set(rows.map((row) => row.name))).toEqual(seen)
  })

  it('have the runs of the daemon, and the shadow ids of the last', () => {
    const { rows } = recordOf(name)
    const starts = ofKind(events, 'tracer-started')
    expect(rows('SELECT id, boot_id FROM runs')).toEqual(
      starts.map(({ seq, bootId }) => ({ id: seq, boot_id: bootId })),
    )
    expect(rows('SELECT * FROM runs WHERE ended_ns IS NULL')).toHaveLength(
      last.tracer.status === 'stopped' ? 0 : 1,
    )
    const shadow = rows(`SELECT data FROM shadow_ids WHERE run_id = ${starts.at(-1)?.seq} ORDER BY id`)
    for (const { data } of shadow) {
      const id = JSON.parse(String(data))
      expect(last.shadow.ids.get(id.id) ?? id).toEqual(id)
    }
    expect(shadow.length).toBeGreaterThanOrEqual(last.shadow.ids.size)
  })

  it('have every callback the state knows of', () => {
    const rows = recordOf(name).rows(
      'SELECT c.* FROM callbacks c JOIN patches p ON p.id = c.patch_id WHERE gone_ns IS NULL',
    )
    expect(rows).toHaveLength(last.patches.flatMap((patch) => patch.callbacks ?? []).length)
  })
})

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)

it('a task that sleeps in a function is told with the function, its tries, its stack and how it got free', () => {
  const { rows } = recordOf(recordingsOf('stall-sleeping')[0]!)
  const [sleeper] = rows("SELECT * FROM transition_tasks WHERE comm = 'klpt-sleeper'")
  expect(sleeper).toMatchObject({
    reason: 'sleeping-on-function',
    function: 'klpt_sleep_in_function',
    kthread: 1,
  })
  expect(Number(sleeper?.tries)).toBeGreaterThan(1)
  expect(String(sleeper?.stack)).toMatch(/^\["/)
  expect(sleeper?.way).not.toBeNull()
  expect(Number(sleeper?.switched_ns)).toBeGreaterThan(Number(sleeper?.first_blocked_ns))
})

it('what a failed write remembered is forgotten: the next one writes all', () => {
  const name = recordingsOf('replace')[0]!
  const steps = stepsOf(name).map((step) => ({ ...step, text: JSON.stringify(step.event) }))
  const database = openDatabase(dir.path('failing.db'))
  opened.push(database)
  const writer = createWriter(database)
  const half = steps.length >> 1
  writer.write(initialState, steps.slice(0, half), false)
  database.pragma('query_only = true')
  expect(() => writer.write(steps[half - 1]!.state, steps.slice(half), true)).toThrow(/readonly/)
  database.pragma('query_only = false')
  writer.write(steps[half - 1]!.state, steps.slice(half), true)
  writer.checkpoint(steps.at(-1)!.state)
  const { checkpoints: _, ...written } = tableContents(database)
  const { checkpoints: __, ...whole } = tableContents(recordOf(name).database)
  expect(written).toEqual(whole)
})
