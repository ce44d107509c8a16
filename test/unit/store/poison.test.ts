import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Event, eventSchema } from '../../../daemon/contract/event.ts'
import type { Step } from '../../../daemon/engine.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import { openRecord } from '../../../daemon/store/open-record.ts'
import { createRecordFile } from '../../../daemon/store/record-file.ts'
import { restoreState } from '../../../daemon/store/restore-state.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { aLongStory } from '../support/long-story.ts'
import { recordSteps } from '../support/record-steps.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const keep = { days: null, mb: null }
const story = aLongStory(60)
const textsOf = (steps: readonly Step[]): string[] => steps.map(({ event }) => JSON.stringify(event))

const gap = { kind: 'tracer-gap', source: 'x', fromMonoNs: '0', toMonoNs: '1', reason: 'r', monoNs: '1' }
/** What no record can take, with a number of its own or without. */
const poisons: [name: string, text: (seq: number) => string][] = [
  ['a time beyond 64 bits', (seq) => JSON.stringify({ ...gap, seq, time: '9999-12-31T00:00:00.000000000Z' })],
  ['a time that is none', (seq) => JSON.stringify({ ...gap, seq, time: 'yesterday' })],
  [
    'a monotonic time beyond 64 bits',
    (seq) => JSON.stringify({ ...gap, seq, time: '2026-01-01T00:00:00Z', monoNs: '9'.repeat(40) }),
  ],
  [
    'a thread id that is none',
    (seq) => JSON.stringify({ ...gap, seq, time: '2026-01-01T00:00:00Z', tid: 1.5 }),
  ],
  [
    'a patch that is no name',
    (seq) => JSON.stringify({ ...gap, seq, time: '2026-01-01T00:00:00Z', patch: { a: 1 } }),
  ],
  [
    'fields missing',
    (seq) => JSON.stringify({ kind: 'tasks-observed', seq, time: '2026-01-01T00:00:00Z', monoNs: '1' }),
  ],
  ['no number', () => JSON.stringify({ ...gap, time: 'never', seq: 'x' })],
  ['no JSON', () => '{"kind": "tracer-gap", "seq'],
]

const eventsIn = (file: string): Event[] => {
  const database = openDatabase(file, { readonly: true })
  const rows = database.prepare('SELECT data FROM events ORDER BY seq').pluck().all() as string[]
  database.close()
  return rows.map((data) => JSON.parse(data) as Event)
}
const folded = (file: string): string => {
  const database = openDatabase(file, { readonly: true })
  const state = serializeState(restoreState(database))
  database.close()
  return state
}
const failuresIn = (events: readonly Event[]) => events.filter(({ kind }) => kind === 'decode-failed')

describe.each(poisons)('an event with %s', (_, poison) => {
  it('becomes decode-failed in its place, and recording goes on, as does the next start', () => {
    const file = dir.path('klpscope.db')
    const record = createRecordFile(file, keep)
    record.open()
    const place = 30
    const texts = textsOf(story)
    record.write(
      texts.map((text, index) => (index === place ? poison(index + 1) : text)),
      true,
    )
    const more = textsOf(aLongStory(70)).slice(texts.length)
    record.write(more, true)
    record.close()

    const events = eventsIn(file)
    expect(events).toHaveLength(texts.length + more.length)
    expect(failuresIn(events)).toEqual([events[place]])
    expect(events[place]).toMatchObject({
      source: 'record',
      raw: poison(place + 1).slice(0, 500),
      seq: place + 1,
    })
    expect(eventSchema.safeParse(events[place]).success).toBe(true)
    const next = createRecordFile(file, keep)
    const { state, failure } = next.open()
    expect([state, failure]).toEqual([folded(file), null])
    next.close()
  })

  it('left unsorted by a power loss keeps nobody from opening the record', async () => {
    const file = dir.path('klpscope.db')
    const before = story.slice(0, 10)
    const database = recordSteps(before, file)
    const lines = [...textsOf(story.slice(10, 20)), poison(21), ...textsOf(story.slice(21, 30))]
    database.prepare('INSERT INTO unsorted VALUES (?, ?)').run(30, lines.join('\n'))
    database.close()

    const reading = await openRecord(file)
    const count = 'SELECT count(*) FROM events'
    expect(reading.database.prepare(count).pluck().get(), 'for who only reads').toBe(30)
    reading.close()
    for (const start of [1, 2]) {
      const record = createRecordFile(file, keep)
      expect(record.open().failure, `start ${start}`).toBeNull()
      record.close()
    }
    const events = eventsIn(file)
    expect(events.map(({ seq }) => seq)).toEqual(story.slice(0, 30).map(({ event }) => event.seq))
    expect(failuresIn(events)).toHaveLength(1)
    const left = openDatabase(file, { readonly: true })
    expect(left.prepare('SELECT count(*) FROM unsorted').pluck().get()).toBe(0)
    left.close()
  })
})

it('however many of a batch cannot be recorded, all others are, each in its place', () => {
  const places = fc.uniqueArray(fc.integer({ min: 0, max: story.length - 1 }), { maxLength: 12 })
  let round = 0
  fc.assert(
    fc.property(places, fc.nat(poisons.length - 1), fc.integer({ min: 1, max: 200 }), (at, which, batch) => {
      const file = dir.path(`klpscope-${round++}.db`)
      const record = createRecordFile(file, keep)
      record.open()
      const texts = textsOf(story).map((text, index) =>
        at.includes(index) ? poisons[(which + index) % poisons.length]![1](index + 1) : text,
      )
      for (let from = 0; from < texts.length; from += batch)
        record.write(texts.slice(from, from + batch), false)
      record.close()
      const events = eventsIn(file)
      expect(events.map(({ seq }) => seq)).toEqual(story.map(({ event }) => event.seq))
      const failed = events.flatMap(({ kind }, index) => (kind === 'decode-failed' ? [index] : []))
      expect(failed).toEqual([...at].sort((a, b) => a - b))
    }),
    { numRuns: 8 },
  )
}, 60_000)
