import { afterEach, expect, it } from 'vitest'
import { parseTime } from '../../../daemon/core/time.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { createQueries } from '../../../daemon/store/queries.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const steps = stepsOf(recordingsOf('replace')[0]!)
let close = () => {}
afterEach(() => close())
const aRecord = () => {
  const database = recordSteps(steps, dir.path('klpscope.db'))
  close = () => database.close()
  return { database, queries: createQueries(database) }
}

it('pages of transitions that began at one time are all, none twice', () => {
  const { database, queries } = aRecord()
  database.exec('UPDATE transitions SET start_ns = (SELECT min(start_ns) FROM transitions)')
  const ids: string[] = []
  for (let after: string | undefined; ; ) {
    const [next] = queries.transitions(1, undefined, after)
    if (!next) break
    ids.push(next.id)
    after = next.id
    if (ids.length > 10) break
  }
  expect(ids.length).toBe(3)
  expect(new Set(ids).size).toBe(3)
})

it('what is rare is among the newest, however many measurements came since', () => {
  const { database, queries } = aRecord()
  const last = steps.at(-1)!.event
  const insert = database.prepare(
    `INSERT INTO events (seq, time_ns, mono_ns, kind, data) VALUES (?, ?, 0, 'shadow-counts', '{}')`,
  )
  database.transaction(() => {
    for (let seq = last.seq + 1; seq <= last.seq + 30_000; seq++) insert.run(seq, parseTime(last.time))
  })()
  const found = queries.newestOfKinds(['transition-started'], last.seq + 30_000, 200)
  expect(found.map(({ seq }) => seq)).toEqual(
    steps
      .filter(({ event }) => event.kind === 'transition-started')
      .map(({ event }) => event.seq)
      .reverse(),
  )
})

it('a step passes over what is no longer kept, to what is', () => {
  const { database } = aRecord()
  const past = createPast(database)
  const [first, second] = past.timeline(0n, 2n ** 62n).transitions
  database
    .prepare('DELETE FROM events WHERE time_ns IN (?, ?)')
    .run(parseTime(first!.startedAt), parseTime(first!.endedAt!))
  expect(past.step({ timeNs: parseTime(first!.startedAt) - 1n }, 'next', 'transition')?.time).toBe(
    second!.startedAt,
  )
})

it('findings beyond a limit are left out, the oldest first', () => {
  const { database, queries } = aRecord()
  const insert = database.prepare(
    `INSERT INTO findings (id, rule, severity, subject, opened_ns, data) VALUES (?, 'r', 'info', 's', ?, ?)`,
  )
  for (let index = 1; index <= 5; index++)
    insert.run(`f${index}`, 2n ** 61n + BigInt(index), `{"id":"f${index}"}`)
  expect(queries.findings(false, 3).map(({ id }) => id)).toEqual(['f5', 'f4', 'f3'])
})
