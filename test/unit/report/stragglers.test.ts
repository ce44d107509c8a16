import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import type { Straggler } from '../../../daemon/contract/report.ts'
import type { CoreState } from '../../../daemon/core/core-state.ts'
import { initialState } from '../../../daemon/core/core-state.ts'
import { findCulprit } from '../../../daemon/report/find-culprit.ts'
import { collectStragglers } from '../../../daemon/report/stragglers.ts'
import {
  aTask,
  aWorld,
  firstTry,
  type Happening,
  sleeperBlocked,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'
import { recordingNames, stepsOf } from '../support/recordings.ts'

type Moments = readonly { event: Event; state: CoreState }[]

/** At every moment of a transition they are the blocked tasks that the daemon shows. @returns how many moments */
const compare = (steps: Moments): number => {
  let compared = 0
  for (const [index, { event, state }] of steps.entries()) {
    const { transition } = state
    if (!transition || event.transition !== transition.id) continue
    const first = steps.findIndex((step) => step.event.transition === transition.id)
    const before: CoreState = steps[first - 1]?.state ?? initialState
    const collector = collectStragglers(transition, before.tasks)
    for (const step of steps.slice(first, index + 1))
      if (step.event.transition === transition.id) collector.take(step.event)
    const open = collector
      .finish(transition, event.monoNs)
      .filter((task) => task.end === 'still-blocked' && task.until === null)
      .map(
        ({ tid, pid, comm, since, reasons }) =>
          `${tid} ${pid} ${comm} ${since} ${reasons.at(-1)?.reason ?? 'unknown'}`,
      )
    const shown = [...state.blocked.values()].map(
      ({ tid, pid, comm, since, reason }) => `${tid} ${pid} ${comm} ${since} ${reason}`,
    )
    expect(open.sort(), `after event ${event.seq}`).toEqual(shown.sort())
    compared++
  }
  return compared
}

describe.each(recordingNames)('those of %s', (name) => {
  it('are at every moment of a transition the blocked tasks that the daemon shows', () => {
    const steps = stepsOf(name)
    const compared = compare(steps)
    if (steps.some(({ state }) => state.transition)) expect(compared).toBeGreaterThan(0)
  })
})

/** Of few tids, each of which is one task after another. */
const who = fc
  .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .map(([tid, life]) => ({ tid, pid: tid, comm: `life-${life}`, startNs: `${life}00000000` }))
const blocking = who.map(({ tid, pid, comm }): Happening => ({ ...sleeperBlocked, tid, pid, comm }))
const happening: fc.Arbitrary<Happening> = fc.oneof(
  blocking,
  who.map(
    ({ tid, pid, comm }): Happening => ({
      kind: 'task-switched',
      tid,
      pid,
      comm,
      cpu: 1,
      way: 'schedule',
      to: 1,
    }),
  ),
  {
    arbitrary: fc
      .tuple(
        fc.uniqueArray(fc.tuple(who, fc.constantFrom(-1, 0, 1)), { selector: ([{ tid }]) => tid }),
        fc.boolean(),
      )
      .map(
        ([tasks, complete]): Happening => ({
          ...tasksObserved(
            tasks.map(([own, state]) => ({ ...aTask(own.tid, state as -1 | 0 | 1), ...own })),
            1,
          ),
          complete,
        }),
      ),
    weight: 2,
  },
)

it('those of any transition in which tids are taken by other tasks are those that the daemon shows', () => {
  fc.assert(
    fc.property(
      fc.array(blocking, { maxLength: 3 }),
      fc.array(happening, { maxLength: 12 }),
      (early, later) => {
        const world = aWorld()
        const steps: { event: Event; state: CoreState }[] = []
        const tell = (seconds: number, what: Happening) =>
          steps.push({ event: world.at(seconds, what), state: world.state() })
        const all = [transitionStarted(), ...early, firstTry(1), ...later]
        for (const [at, what] of all.entries()) tell(1 + at / 100, what)
        expect(compare(steps)).toBeGreaterThan(0)
      },
    ),
    { numRuns: 1_000 },
  )
})

const collected = (story: (world: ReturnType<typeof aWorld>) => void): Straggler[] => {
  const world = aWorld()
  story(world)
  const { transition, lastTransition, monoNs } = world.state()
  const collector = collectStragglers((transition ?? lastTransition)!, new Map())
  for (const event of world.events) collector.take(event)
  return collector.finish((transition ?? lastTransition)!, monoNs)
}

describe('a straggler', () => {
  it('whose tid is another task by now is another straggler', () => {
    const tasks = collected((world) => {
      world.at(1, transitionStarted())
      world.at(2, sleeperBlocked)
      world.at(4, { ...sleeperBlocked, pid: 9_264, comm: 'another' })
    })
    expect(tasks.map(({ comm, end, durationMs }) => [comm, end, durationMs])).toEqual([
      ['klpt-sleeper', 'lost-sight', 0],
      ['another', 'still-blocked', 0],
    ])
  })

  it('whose tid a snapshot shows to be another task by now has exited; that other one may be blocked too', () => {
    const tasks = collected((world) => {
      const ofLife = (startNs: string) => [{ ...aTask(264, 0, 'klpt-sleeper'), startNs }]
      world.at(1, transitionStarted())
      world.at(2, firstTry(1))
      world.at(3, tasksObserved(ofLife('1000000000'), 1))
      world.at(4, sleeperBlocked)
      world.at(7, tasksObserved(ofLife('6000000000'), 1))
      world.at(9, tasksObserved(ofLife('6000000000'), 1))
    })
    expect(tasks.map(({ end, durationMs, reasons }) => [end, durationMs, reasons.length])).toEqual([
      ['exited', 4_000, 1],
      ['still-blocked', 2_000, 0],
    ])
  })

  it('that exits is told so', () => {
    const [task] = collected((world) => {
      world.at(1, transitionStarted())
      world.at(2, sleeperBlocked)
      world.at(3, tasksObserved([aTask(264, 0)], 1))
      world.at(5, tasksObserved([aTask(1, 1)], 0))
      world.at(6, { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' })
    })
    expect(task).toMatchObject({ tid: 264, end: 'exited', durationMs: 3000 })
  })

  it('keeps its reasons in turn, and its tries over a new tracer', () => {
    const [task] = collected((world) => {
      world.at(1, transitionStarted())
      world.at(2, { ...sleeperBlocked, reason: 'running' })
      world.at(3, { kind: 'task-tries', tries: [[264, 5]] })
      world.at(4, { kind: 'task-tries', tries: [[264, 2]] })
      world.at(4, { kind: 'task-tries', tries: [[264, 3]] })
      world.at(5, sleeperBlocked)
      world.at(6, { kind: 'task-switched', tid: 264, pid: 264, comm: 'x', cpu: 0, way: 'forced', to: 1 })
    })
    expect(task!.reasons.map(({ reason }) => reason)).toEqual(['running', 'sleeping-on-function'])
    expect(task).toMatchObject({ tries: 8, end: 'switched', way: 'forced', durationMs: 4000 })
  })

  it('of which no more is known ends with the transition', () => {
    const [task] = collected((world) => {
      world.at(1, transitionStarted())
      world.at(2, sleeperBlocked)
      world.at(9, { kind: 'transition-completed', patch: 'klpt_patch_v1', direction: 'patching' })
    })
    expect(task).toMatchObject({ end: 'ended-with-transition', durationMs: 7000, way: null })
  })
})

describe('the culprit', () => {
  const base = collected((world) => {
    world.at(1, transitionStarted())
    world.at(2, sleeperBlocked)
  })[0]!
  const task = (tid: number, durationMs: number, own: Partial<Straggler> = {}): Straggler => ({
    ...base,
    tid,
    durationMs,
    end: 'switched',
    ...own,
  })

  it('is the longest', () =>
    expect(findCulprit([task(1, 900), task(2, 700)], { durationMs: 1000 })?.tid).toBe(1))
  it('is rather one of known reason, when it was in the way about as long', () =>
    expect(findCulprit([task(1, 900, { reasons: [] }), task(2, 700)], { durationMs: 1000 })?.tid).toBe(2))
  it('is none where all were met only in passing', () =>
    expect(findCulprit([task(1, 20)], { durationMs: 1000 })).toBeUndefined())
  it('is none in a crowd of which nothing is known', () => {
    const crowd = [1, 2, 3, 4].map((tid) => task(tid, 900, { reasons: [], end: 'ended-with-transition' }))
    expect(findCulprit(crowd, { durationMs: 1000 })).toBeUndefined()
  })
  it('is one that still blocks, however short', () =>
    expect(findCulprit([task(1, 20, { end: 'still-blocked' })], { durationMs: 1000 })?.tid).toBe(1))
})
