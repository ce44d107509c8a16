import { describe, expect, it } from 'vitest'
import { collectGaps } from '../../../daemon/core/collect-gaps.ts'
import { gapKinds, gapsOf } from '../../../daemon/core/gap.ts'
import { parseTime } from '../../../daemon/core/time.ts'
import { view } from '../../../daemon/core/view.ts'
import { allProbes, attached, aWorld, observing, started, type World } from '../support/fold.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'

const seconds = (time: string): number => Number(parseTime(time) / 1_000_000n) / 1000
const told = (world: World) =>
  view(world.state()).tracer.gaps.map(({ source, seen, from, to, reason, lasts }) => [
    source,
    seen,
    seconds(from),
    lasts ? 'lasts' : seconds(to),
    reason,
  ])
const died = (fromS: number, toS: number, reason = 'the tracer ended (SIGKILL)') =>
  ({
    kind: 'tracer-gap',
    source: 'tracer',
    fromMonoNs: String(fromS * 1e9),
    toMonoNs: String(toS * 1e9),
    reason,
  }) as const
const blind = {
  kind: 'tracer-attached',
  probeSets: allProbes.map((set) => ({ ...set, available: false, reason: 'the tracer is not there' })),
} as const
const absent = (fromS: number, toS: number) =>
  ({
    kind: 'tracer-gap',
    source: 'daemon',
    fromMonoNs: String(fromS * 1e9),
    toMonoNs: String(toS * 1e9),
    reason: 'the daemon was not running',
  }) as const
const attaching = ['tracer', 'polling', 1, 2, 'the probes were being attached']

describe('gaps', () => {
  it('until the probes are attached only sysfs and /proc are seen', () => {
    const world = aWorld()
    expect(told(world)).toEqual([])
    world.at(1, started())
    expect(told(world)).toEqual([['tracer', 'polling', 1, 'lasts', 'the probes were being attached']])
    world.at(2, attached)
    expect(told(world)).toEqual([attaching])
  })

  it('a tracer that died is one gap, from its last word until it is attached again', () => {
    const world = observing()
    world.at(9, died(5, 9))
    expect(told(world)).toEqual([['tracer', 'polling', 5, 'lasts', 'the tracer ended (SIGKILL)'], attaching])
    world.at(15, died(5, 15, 'the tracer had to be restarted'))
    world.at(16, attached)
    expect(told(world)).toEqual([['tracer', 'polling', 5, 16, 'the tracer ended (SIGKILL)'], attaching])
  })

  it('without the tracer all of a run is a gap, however often it is tried', () => {
    const world = aWorld()
    world.at(1, started())
    world.at(2, blind)
    world.at(7, blind)
    expect(told(world)).toEqual([['tracer', 'polling', 1, 'lasts', 'the tracer is not there']])
    world.at(9, attached)
    expect(told(world)).toEqual([['tracer', 'polling', 1, 9, 'the tracer is not there']])
  })

  it('between two runs nothing is seen, whatever was seen before', () => {
    const world = observing()
    world.at(5, died(5, 5))
    world.at(20, absent(8, 20))
    world.at(20, started())
    world.at(22, attached)
    expect(told(world)).toEqual([
      ['tracer', 'polling', 20, 22, 'the probes were being attached'],
      ['daemon', 'nothing', 8, 20, 'the daemon was not running'],
      ['tracer', 'polling', 5, 8, 'the tracer ended (SIGKILL)'],
      attaching,
    ])
  })

  it('in which order a start and the absence before it are told makes no difference', () => {
    const ordered = (absenceFirst: boolean) => {
      const world = observing()
      world.at(5, died(5, 5))
      if (absenceFirst) world.at(20, absent(8, 20))
      world.at(20, started('boot-2'))
      if (!absenceFirst) world.at(20, absent(8, 20))
      return told(world)
    }
    expect(ordered(true)).toEqual(ordered(false))
  })

  it('a stopped daemon sees nothing, until the next run', () => {
    const world = observing()
    world.at(5, { kind: 'tracer-stopped', reason: 'SIGTERM' })
    const gap = ['daemon', 'nothing', 5]
    expect(told(world)).toEqual([[...gap, 'lasts', 'the daemon was not running'], attaching])
    world.at(9, started())
    expect(told(world)).toContainEqual([...gap, 9, 'the daemon was not running'])
  })

  it('begins on the clock that was in force then', () => {
    const world = observing()
    world.at(5, { kind: 'clock-mapped', offsetNs: '100000000000' })
    world.at(6, { ...absent(0, 6), fromTime: '1970-01-01T00:00:04.000000000Z' })
    expect(told(world)[0]).toEqual(['daemon', 'nothing', 4, 106, 'the daemon was not running'])
  })

  it('a host that slept saw nothing; what was not seen before and after stays so', () => {
    const world = aWorld()
    world.at(1, started())
    world.at(2, blind)
    world.at(4, {
      kind: 'clock-mapped',
      offsetNs: '100000000000',
      cause: 'suspended',
      suspendedNs: '100000000000',
    })
    expect(told(world)).toEqual([
      ['tracer', 'polling', 104, 'lasts', 'the tracer is not there'],
      ['host', 'nothing', 4, 104, 'the host was suspended'],
      ['tracer', 'polling', 1, 4, 'the tracer is not there'],
    ])
  })

  it('of a tracer as earlier versions called it is one with what is told of it today', () => {
    const world = observing()
    world.at(9, { ...died(5, 9), source: 'bpftrace' })
    expect(told(world)).toEqual([['tracer', 'polling', 5, 'lasts', 'the tracer ended (SIGKILL)'], attaching])
    expect(world.state().tracer.status).toBe('starting')
  })

  it('of a part of the observer: all others were seen', () => {
    const world = observing()
    world.at(5, { ...died(4, 5, 'it died'), source: 'function-calls' })
    expect(told(world)[0]).toEqual(['function-calls', 'most', 4, 5, 'it died'])
    expect(world.state().tracer.status).toBe('observing')
  })
})

describe.each(recordingNames)('recording %s', (name) => {
  it('the state, and who asks for all gaps, know the same ones', () => {
    const gaps = collectGaps()
    for (const { event, state } of stepsOf(name)) {
      if ((gapKinds as readonly string[]).includes(event.kind)) gaps.take(event)
      expect(gaps.between('', '9')).toEqual(gapsOf(state.tracer))
    }
  })
})
