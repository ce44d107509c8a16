import { describe, expect, it } from 'vitest'
import {
  aTask,
  attached,
  aWorld,
  completed,
  sleeperBlocked,
  started,
  tasksObserved,
  transitionStarted,
  type World,
} from '../support/fold.ts'

/** A transition of two tasks, one of which is blocked. */
const stalling = (world: World = aWorld()): World => {
  world.at(1, started())
  world.at(2, attached)
  world.at(10, transitionStarted())
  world.at(10.1, sleeperBlocked)
  world.at(11, tasksObserved([aTask(1, 1), aTask(264, 0, 'klpt-sleeper')], 1))
  return world
}

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
