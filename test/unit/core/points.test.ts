import { describe, expect, it } from 'vitest'
import { aTask, aWorld, completed, stalling, tasksObserved, type World } from '../support/fold.ts'

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
