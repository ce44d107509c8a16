import { describe, expect, it } from 'vitest'
import { gapsOf } from '../../../daemon/core/gap.ts'
import { formatTime, parseTime } from '../../../daemon/core/time.ts'
import {
  aTask,
  aWorld,
  completed,
  type Happening,
  stalling,
  tasksObserved,
  type World,
} from '../support/fold.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'

describe('points for the charts', () => {
  const points = (world: World) =>
    world.effects.flatMap((effect) => (effect.kind === 'point' ? [[effect.name, effect.value]] : []))

  it('tasks remaining, down to zero, then the line ends', () => {
    const world = stalling()
    world.at(12, completed)
    expect(points(world)).toEqual([
      ['remaining-tasks', 1],
      ['remaining-tasks', 0],
      ['remaining-tasks', null],
    ])
  })

  it('of quiet times there is no line of remaining tasks', () => {
    const world = aWorld()
    world.at(1, tasksObserved([aTask(1, -1)]))
    expect(points(world)).toEqual([])
  })
})

describe('at a gap', () => {
  const lines = (world: World) =>
    world.effects.flatMap((effect) =>
      effect.kind === 'point' ? [[effect.name, effect.time.slice(17, 26), effect.value]] : [],
    )
  const none = { allocated: 0, freed: 0, found: 0, duplicates: 0, failures: 0, missed: 0, sizesBytes: [] }
  const shadowCounted = {
    kind: 'shadow-counts',
    counts: [{ ...none, id: '0x1001', live: 3 }],
    notStreamed: 0,
  } satisfies Happening
  const gap = (source: string, fromS: number, toS: number) =>
    ({
      kind: 'tracer-gap',
      source,
      fromMonoNs: String(fromS * 1e9),
      toMonoNs: String(toS * 1e9),
      reason: 'why',
    }) as const
  const atGap = (source: string) => {
    const world = stalling()
    world.at(12, shadowCounted)
    const before = world.effects.length
    world.at(20, gap(source, 15, 20))
    return lines({ ...world, effects: world.effects.slice(before) })
  }

  it('in which nothing was seen, all lines end where it began', () => {
    expect(atGap('daemon')).toEqual([
      ['remaining-tasks', '15.001000', null],
      ['shadow-live:0x1001', '15.001000', null],
    ])
  })

  it('in which sysfs and /proc were seen, tasks were still counted', () => {
    expect(atGap('tracer')).toEqual([['shadow-live:0x1001', '15.001000', null]])
  })

  it('of a part of the observer, no line ends that has to do with others', () => {
    expect(atGap('function-calls')).toEqual([])
  })
})

describe.each(recordingNames)('recording %s', (name) => {
  it('no line runs through its gap', () => {
    const values = new Map<string, { time: string; value: number | null }[]>()
    for (const { effects } of stepsOf(name))
      for (const effect of effects)
        if (effect.kind === 'point') values.set(effect.name, [...(values.get(effect.name) ?? []), effect])
    for (const { from, to, seen } of gapsOf(stepsOf(name).at(-1)!.state.tracer)) {
      for (const [series, points] of values) {
        const silent = seen === 'nothing' || (seen === 'polling' && series.startsWith('shadow-live:'))
        if (!silent || from === to) continue
        const ordered = [...points].sort((a, b) => (a.time < b.time ? -1 : 1))
        const inside = formatTime(parseTime(from) + 1_000_000n)
        const last = ordered.filter(({ time }) => time <= inside).at(-1)
        expect(last?.value ?? null).toBeNull()
        const within = ordered.filter(({ time, value }) => time > inside && time < to && value !== null)
        expect(within).toEqual([])
      }
    }
  })
})
