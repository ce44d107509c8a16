import { describe, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import { eventSchema } from '../../../daemon/contract/event.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import type { ExportRange } from '../../../daemon/report/event-pages.ts'
import { csvColumns } from '../../../daemon/report/export-csv.ts'
import { type ExportFormat, exportRecord } from '../../../daemon/report/export-record.ts'
import { visibleText } from '../../../daemon/words/visible-text.ts'
import { aWorld } from '../support/fold.ts'
import { hostile, hostileSteps } from '../support/hostile-story.ts'
import { parseCsv } from '../support/parse-csv.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingNames, recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
let made = 0

const exported = (steps: readonly Step[], format: ExportFormat, range: ExportRange = {}) => {
  const database = recordSteps(steps, dir.path(`klpscope-${made++}.db`))
  const pieces = [...exportRecord(database, format, range)]
  database.close()
  return { text: pieces.map(({ bytes }) => String(bytes)).join(''), pieces }
}
const lines = (text: string): Event[] =>
  text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Event)

describe('NDJSON', () => {
  it.each(recordingNames)('of %s is its events, one a line', (name) => {
    const steps = stepsOf(name)
    const events = lines(exported(steps, 'ndjson').text)
    expect(events).toEqual(steps.map(({ event }) => event))
    for (const event of events) eventSchema.parse(event)
  })

  it('of a time holds what happened then, both ends included', () => {
    const steps = stepsOf(recordingsOf('replace')[0]!)
    const [from, to] = [steps[20]!.event.time, steps[60]!.event.time]
    const within = steps.map(({ event }) => event).filter(({ time }) => time >= from && time <= to)
    expect(within.length).toBeGreaterThan(20)
    expect(lines(exported(steps, 'ndjson', { fromNs: parseTime(from), toNs: parseTime(to) }).text)).toEqual(
      within,
    )
  })

  it('of a time when nothing happened is empty, and so is that of an empty record', () => {
    expect(exported(stepsOf(recordingNames[0]!), 'ndjson', { toNs: 1n }).text).toBe('')
  })

  it('of many events comes in many pieces', () => {
    const world = aWorld()
    const steps: Step[] = []
    for (let second = 1; second <= 5000; second++) {
      const event = world.at(second, { kind: 'tracer-stopped', reason: 'x' })
      steps.push({ event, state: world.state(), effects: [] })
    }
    const { text, pieces } = exported(steps, 'ndjson')
    expect(lines(text).map(({ seq }) => seq)).toEqual(steps.map(({ event }) => event.seq))
    expect(pieces.length).toBeGreaterThan(2)
    expect(pieces.at(-1)?.seq).toBe(5000)
  })
})

describe('CSV', () => {
  it.each(recordingNames)('of %s has a row for every event, with all of it', (name) => {
    const steps = stepsOf(name)
    const [head, ...rows] = parseCsv(exported(steps, 'csv').text)
    expect(head).toEqual([...csvColumns])
    expect(rows).toHaveLength(steps.length)
    for (const [index, { event }] of steps.entries()) {
      const row = Object.fromEntries(csvColumns.map((column, at) => [column, rows[index]![at]!]))
      const { text, details, ...cells } = row
      expect(text).not.toBe('')
      const told = { ...JSON.parse(details || '{}'), ...cells }
      for (const [key, value] of Object.entries(event))
        expect(typeof value === 'object' ? told[key] : String(told[key]), `${key} of ${event.seq}`).toEqual(
          typeof value === 'object' ? value : key in cells ? visibleText(String(value)) : String(value),
        )
    }
  })

  it('keeps a spreadsheet from running a name', () => {
    const world = aWorld()
    const names = ['=cmd|calc!A0', '+1', '-1', '@SUM(A1)', '\tx', 'plain', '"quoted", and\r\nbroken']
    const steps = names.map((comm): Step => {
      const event = world.at(1, {
        kind: 'task-switched',
        tid: 1,
        pid: 1,
        comm,
        cpu: 0,
        way: 'schedule',
        to: 1,
      })
      return { event, state: world.state(), effects: [] }
    })
    const [, ...rows] = parseCsv(exported(steps, 'csv').text)
    const at = csvColumns.indexOf('comm')
    expect(rows.map((row) => row[at])).toEqual([
      "'=cmd|calc!A0",
      "'+1",
      "'-1",
      "'@SUM(A1)",
      '\\tx',
      'plain',
      '"quoted", and\\r\\nbroken',
    ])
  })

  it('of hostile names still parses', () => {
    const [, ...rows] = parseCsv(exported(hostileSteps(), 'csv').text)
    expect(rows.every((row) => row.length === csvColumns.length)).toBe(true)
    expect(rows.some((row) => row.includes(hostile.comm))).toBe(true)
  })
})
