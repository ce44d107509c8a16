import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { parseTime } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import { createPast } from '../../../daemon/store/past.ts'
import { serializeState } from '../../../daemon/store/serialize-state.ts'
import { aWorld, type Happening } from '../support/fold.ts'
import { recordSteps } from '../support/record-steps.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'

const dir = useTemporaryDir()
const opened: { close: () => void }[] = []
afterEach(() => {
  for (const database of opened.splice(0)) database.close()
})

let files = 0
const pastOf = (steps: readonly Step[], checkpoints?: ReadonlySet<number>) => {
  const database = recordSteps(steps, dir.path(`${files++}.db`), checkpoints)
  opened.push(database)
  return createPast(database)
}

const timeOf = ({ event }: Step) => parseTime(event.time)
/** What the live daemon held at that time: after the last event in order that is not later. */
const liveAt = (steps: readonly Step[], timeNs: bigint): Step | undefined =>
  [...steps].reverse().find((step) => timeOf(step) <= timeNs)

const lost: Happening = { kind: 'events-lost', source: 'tracer', count: 1 }
const told = (...happenings: [seconds: number, Happening][]): Step[] => {
  const world = aWorld()
  return happenings.map(([seconds, happening]) => {
    const event = world.at(seconds, happening)
    return { event, state: world.state(), effects: [] }
  })
}
const clock = (offsetS: number): Happening => ({ kind: 'clock-mapped', offsetNs: String(offsetS * 1e9) })

describe.each(recordingNames)('recording %s', (name) => {
  const steps = stepsOf(name)
  const first = timeOf(steps[0]!)
  const span = Math.max(...steps.map((step) => Number(timeOf(step) - first)))

  it('gives at any time the state the live daemon held, whatever the checkpoints and the moments before', {
    timeout: 60_000,
  }, () => {
    const checkpoints = fc.subarray(
      steps.map(({ state }) => state.seq),
      { maxLength: 8 },
    )
    const anyTime = fc.integer({ min: 0, max: span + 1e9 }).map((offset) => first + BigInt(offset))
    const aTime = fc
      .tuple(fc.nat({ max: steps.length - 1 }), fc.constantFrom(-1n, 0n, 1n))
      .map(([index, offset]) => timeOf(steps[index]!) + offset)
    fc.assert(
      fc.property(
        checkpoints,
        fc.array(fc.oneof(anyTime, aTime), { minLength: 1, maxLength: 6 }),
        (at, times) => {
          const past = pastOf(steps, new Set(at))
          for (const time of times) {
            const live = liveAt(steps, time)
            const seq = past.seqAt(time)
            expect(seq).toBe(live?.event.seq ?? null)
            if (live && seq !== null)
              expect(serializeState(past.stateAfter(seq))).toBe(serializeState(live.state))
          }
        },
      ),
      { numRuns: 12 },
    )
  })

  it('and after any event, forwards and backwards', () => {
    const past = pastOf(steps, new Set([steps[Math.floor(steps.length / 2)]!.state.seq]))
    fc.assert(
      fc.property(fc.nat({ max: steps.length - 1 }), (index) => {
        const { event, state } = steps[index]!
        expect(serializeState(past.stateAfter(event.seq))).toBe(serializeState(state))
      }),
      { numRuns: 30 },
    )
  })
})

describe('a moment', () => {
  it('that several events share is after the last of them', () =>
    expect(pastOf(told([1, lost], [2, lost], [2, lost], [3, lost])).seqAt(2_000_000_000n)).toBe(3))

  it('holds an event that came into the record late', () =>
    expect(pastOf(told([1, lost], [5, lost], [4, lost], [6, lost])).seqAt(5_500_000_000n)).toBe(3))

  it('the clock went through twice is the later one', () => {
    const steps = told(
      [0, clock(1000)],
      [1, lost],
      [2, lost],
      [3, lost],
      [4, clock(998)],
      [5, lost],
      [6, lost],
    )
    expect(pastOf(steps).seqAt(1_003_000_000_000n)).toBe(6)
  })

  it('after a leap of the clock ahead and back again is found', () => {
    const steps = told([0, clock(1_000_000)], [1, lost], [2, clock(1000)], [3, lost], [4, lost])
    expect(pastOf(steps).seqAt(1_003_500_000_000n)).toBe(4)
  })

  it('before the first event is none', () => {
    const past = pastOf(told([1, lost], [2, lost]))
    expect(past.seqAt(999_999_999n)).toBeNull()
    expect(past.bounds()).toEqual({
      first: { seq: 1, time: '1970-01-01T00:00:01.000000000Z' },
      last: { seq: 2, time: '1970-01-01T00:00:02.000000000Z' },
      observed: { seq: 2, time: '1970-01-01T00:00:02.000000000Z' },
    })
  })

  it('can be told from the oldest checkpoint on where older events are gone', () => {
    const steps = told([1, lost], [2, lost], [3, lost], [4, lost])
    const database = recordSteps(steps, dir.path('kept.db'), new Set([3]))
    opened.push(database)
    database.exec('DELETE FROM events WHERE seq < 3')
    const past = createPast(database)
    expect(past.bounds()?.first.seq).toBe(3)
    expect(past.stateAfter(4)).toEqual(steps[3]!.state)
  })
})

it('a record without events has no bounds', () => expect(pastOf([]).bounds()).toBeNull())
