import { afterEach, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import { formatTime, parseTime } from '../../../daemon/core/time.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { recordSteps } from '../support/record-steps.ts'
import { ofKind, recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const steps = stepsOf(recordingsOf('tracer-killed')[0]!)
const events = steps.map(({ event }) => event)
const [gap] = ofKind(events, 'tracer-gap')
const [attached] = ofKind(events, 'tracer-attached')
const [started] = ofKind(events, 'tracer-started')
const last = steps.at(-1)!.event
const dayNs = 86_400_000_000_000n

let close = () => {}
afterEach(() => close())

/** The record of a tracer that died so many times more, an hour apart, from the day after on. */
const withLaterGaps = (count: number) => {
  const database = recordSteps(steps, dir.path('klpscope.db'))
  close = () => database.close()
  const insert = database.prepare(
    'INSERT INTO events (seq, time_ns, mono_ns, kind, data) VALUES (?, ?, ?, ?, ?)',
  )
  let { seq } = last
  const add = (of: Event, timeNs: bigint): void => {
    const event = { ...of, seq: ++seq, time: formatTime(timeNs) }
    insert.run(event.seq, timeNs, BigInt(event.monoNs), event.kind, JSON.stringify(event))
  }
  add(started!, parseTime(last.time))
  add(attached!, parseTime(last.time))
  for (let index = 1; index <= count; index++) {
    add(gap!, endOf(index))
    add(attached!, endOf(index))
  }
  return createPast(database)
}
const endOf = (index: number): bigint => parseTime(last.time) + dayNs + BigInt(index) * (dayNs / 24n)

it('a limit leaves out nothing of the range asked for, however much lies behind it', () => {
  const past = withLaterGaps(1_500)
  const { gaps, truncated } = past.timeline(0n, parseTime(last.time))
  expect(gaps.map(({ to }) => to)).toContain(ofKind(events, 'tracer-attached')[1]!.time)
  expect(truncated).toBe(false)
})

it('what a limit leaves out is said', () => {
  const { gaps, truncated } = withLaterGaps(1_500).timeline(0n, 2n ** 62n)
  expect(gaps).toHaveLength(1_000)
  expect(gaps.at(-1)!.to).toBe(formatTime(endOf(1_500)))
  expect(truncated).toBe(true)
})
