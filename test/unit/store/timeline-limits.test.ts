import { afterEach, expect, it } from 'vitest'
import { formatTime, parseTime } from '../../../daemon/core/time.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { recordSteps } from '../support/record-steps.ts'
import { ofKind, recordingsOf, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const steps = stepsOf(recordingsOf('tracer-killed')[0]!)
const [gap] = ofKind(
  steps.map(({ event }) => event),
  'tracer-gap',
)
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
  for (let index = 1; index <= count; index++) {
    const timeNs = parseTime(last.time) + dayNs + BigInt(index) * (dayNs / 24n)
    const event = { ...gap!, seq: last.seq + index, time: formatTime(timeNs) }
    insert.run(event.seq, timeNs, BigInt(event.monoNs), event.kind, JSON.stringify(event))
  }
  return createPast(database)
}

it('a limit leaves out nothing of the range asked for, however much lies behind it', () => {
  const past = withLaterGaps(1_500)
  const { gaps, truncated } = past.timeline(0n, parseTime(last.time))
  expect(gaps.map(({ to }) => to)).toContain(gap!.time)
  expect(truncated).toBe(false)
})

it('what a limit leaves out is said', () => {
  const { gaps, truncated } = withLaterGaps(1_500).timeline(0n, 2n ** 62n)
  expect(gaps).toHaveLength(1_000)
  expect(gaps.at(-1)!.to).toBe(formatTime(parseTime(last.time) + dayNs + 1_500n * (dayNs / 24n)))
  expect(truncated).toBe(true)
})
