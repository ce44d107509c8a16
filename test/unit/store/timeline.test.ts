import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event, EventKind } from '../../../daemon/contract/event.ts'
import { measurements } from '../../../daemon/contract/measurement.ts'
import type { StepDirection, StepTarget } from '../../../daemon/contract/timeline.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import { view } from '../../../daemon/core/view.ts'
import { createPast, type Past } from '../../../daemon/store/past.ts'
import { recordSteps } from '../support/record-steps.ts'
import { ofKind, recordingNames, recordingsOf, stepsOf } from '../support/recordings.ts'

const dir = mkdtempSync(join(tmpdir(), 'klpscope-timeline-'))
const opened: { close: () => void }[] = []
afterAll(() => {
  for (const database of opened) database.close()
  rmSync(dir, { recursive: true })
})
const known = new Map<string, Past>()
const pastOf = (name: string): Past => {
  const past = known.get(name)
  if (past) return past
  const database = recordSteps(stepsOf(name), join(dir, `${name}.db`))
  opened.push(database)
  const made = createPast(database)
  known.set(name, made)
  return made
}
const isTold = (kind: EventKind) => !(measurements as readonly EventKind[]).includes(kind)

/** All stops on the way through a record. */
const walk = (past: Past, from: number, direction: StepDirection, target: StepTarget) => {
  const stops = []
  let at = { seq: from }
  for (let count = 0; count < 10_000; count++) {
    const step = past.step(at, direction, target)
    if (!step) return stops
    stops.push(step)
    at = { seq: step.seq }
  }
  throw new Error('the way through the record does not end')
}

describe.each(recordingNames)('recording %s', (name) => {
  const steps = stepsOf(name)
  const events = steps.map(({ event }) => event)
  let past: Past
  beforeAll(() => {
    past = pastOf(name)
  })

  it('steps through every event that is not a measurement, there and back, and never back in time', () => {
    const inTime = (a: Event, b: Event) => (a.time < b.time || (a.time === b.time && a.seq < b.seq) ? -1 : 1)
    const ordered = [...events].sort(inTime)
    const told = ordered
      .filter(({ kind }) => isTold(kind))
      .map(({ seq, time, kind }) => ({ seq, time, kind }))
    const stops = (from: number, direction: StepDirection) =>
      walk(past, from, direction, 'event').map(({ seq, time, kind }) => ({ seq, time, kind }))
    const [first, last] = [ordered[0]!, ordered.at(-1)!]
    expect(stops(first.seq, 'next')).toEqual(told.filter(({ seq }) => seq !== first.seq))
    expect(stops(last.seq, 'previous').reverse()).toEqual(told.filter(({ seq }) => seq !== last.seq))
  })

  it.each(['finding', 'transition'] as const)(
    'stops wherever a %s begins or ends, and shows it',
    (target) => {
      const all = past.timeline(0n, 2n ** 62n)
      const times = (
        target === 'finding'
          ? all.findings.flatMap(({ openedAt, closedAt }) => [openedAt, closedAt])
          : all.transitions.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt])
      ).filter((time) => time !== null && time !== events[0]!.time)
      const stops = walk(past, events[0]!.seq, 'next', target)
      expect(stops.map(({ time }) => time)).toEqual([...new Set(times)].sort())
      for (const stop of stops) {
        const { findings, transition, lastTransition } = past.stateAfter(stop.seq)
        if (stop.kind === 'finding-opened')
          expect([...findings.values()].map((f) => f.openedAt)).toContain(stop.time)
        if (stop.kind === 'transition-started') expect(transition?.startedAt).toBe(stop.time)
        if (stop.kind === 'transition-ended') expect(lastTransition?.endedAt).toBe(stop.time)
      }
    },
  )

  it('knows the runs, and the gaps that its last state knows', () => {
    expect(past.runs(1_000).map(({ seq }) => seq)).toEqual(
      ofKind(events, 'tracer-started').map(({ seq }) => seq),
    )
    const known = view(steps.at(-1)!.state).tracer.gaps
    expect(past.timeline(0n, 2n ** 62n).gaps).toEqual([...known].reverse())
  })
})

it.each(recordingsOf('restart'))(
  '%s: between two daemons lies a gap from the last event of the first on',
  (name) => {
    const events = stepsOf(name).map(({ event }) => event)
    const [, second] = ofKind(events, 'tracer-started')
    const [stopped] = ofKind(events, 'tracer-stopped')
    const { gaps } = pastOf(name).timeline(0n, parseTime(second!.time))
    expect(gaps.filter(({ source }) => source === 'daemon')).toMatchObject([
      { from: stopped!.time, to: second!.time, seen: 'nothing' },
    ])
  },
)

describe('a part of the record', () => {
  const [name] = recordingsOf('replace')
  it('shows what lies in it or reaches into it, and nothing else', () => {
    const past = pastOf(name!)
    const [transition] = past.timeline(0n, 2n ** 62n).transitions
    const [start, end] = [parseTime(transition!.startedAt), parseTime(transition!.endedAt!)]
    const ids = (from: bigint, to: bigint) => past.timeline(from, to).transitions.map(({ id }) => id)
    expect(ids((start + end) / 2n, (start + end) / 2n)).toContain(transition!.id)
    expect(ids(0n, start - 1n)).not.toContain(transition!.id)
    expect(ids(end + 1n, 2n ** 62n)).not.toContain(transition!.id)
  })

  it('from a time, steps to what is before and after it', () => {
    const past = pastOf(name!)
    const [transition] = past.timeline(0n, 2n ** 62n).transitions
    const start = parseTime(transition!.startedAt)
    expect(past.step({ timeNs: start - 1n }, 'next', 'transition')?.time).toBe(transition!.startedAt)
    expect(past.step({ timeNs: start + 1n }, 'previous', 'transition')?.time).toBe(transition!.startedAt)
    const [began] = past.runs(1_000)
    expect(past.step({ timeNs: parseTime(began!.time) + 1n }, 'previous', 'event')?.seq).toBe(began!.seq)
    expect(past.step({ timeNs: 0n }, 'previous', 'event')).toBeNull()
  })
})
