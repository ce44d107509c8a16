import { describe, expect, it } from 'vitest'
import type { Moment } from '../../../daemon/contract/phases.ts'
import type { Transition } from '../../../daemon/contract/state.ts'
import { millisecondsBetween } from '../../../daemon/core/time.ts'
import type { Step } from '../../../daemon/engine.ts'
import {
  aTask,
  aWorld,
  completed,
  firstTry,
  patchesObserved,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'
import { recordingNames, recordingsOf, stepsOf, stepsOfExport } from '../support/recordings.ts'

const ended = (steps: readonly Step[]): Transition[] => {
  const byId = new Map<string, Transition>()
  for (const { state } of steps)
    if (state.lastTransition) byId.set(state.lastTransition.id, state.lastTransition)
  return [...byId.values()]
}

/** Seconds after the start; `~` before what is only known to have come by then. */
const seconds = ({ startedMonoNs }: Transition, moment: Moment | null | undefined): string | null =>
  moment
    ? `${moment.exact ? '' : '~'}${(millisecondsBetween(startedMonoNs, moment.monoNs) / 1000).toFixed(1)}`
    : null

describe('an unpatching on a starved machine, in an export of an earlier version', () => {
  const steps = stepsOfExport('starved-6.12')
  const transition = ended(steps).find(({ direction }) => direction === 'unpatching')!

  it('was first tried after 4 s, had switched all within 7 s, and then the kernel took 14 s to finish', () => {
    const { phases } = transition
    expect(seconds(transition, phases?.firstTryBegan)).toBe('~3.8')
    expect(seconds(transition, phases?.firstTryEnded)).toBe('~4.2')
    expect(seconds(transition, phases?.lastSwitched)).toBe('~6.8')
    expect(seconds(transition, phases?.released)).toBe('20.9')
  })

  it('had nobody in its way at any moment, in what is shown as in what a restart goes on from', () => {
    const own = steps.filter(({ event }) => event.transition === transition.id)
    expect(own.length).toBeGreaterThan(10)
    expect(own.map(({ state }) => state.blocked.size)).toEqual(own.map(() => 0))
  })
})

it.each(recordingNames)('in %s each phase of each transition follows on the one before', (name) => {
  for (const transition of ended(stepsOf(name)).filter(({ outcome }) => outcome === 'completed')) {
    const { started, firstTryBegan, firstTryEnded, lastSwitched, released } = transition.phases!
    const end = {
      monoNs: String(BigInt(transition.startedMonoNs) + BigInt(Math.round(transition.durationMs * 1e6))),
    }
    // What is only known to have come by then may be told late.
    const order = [
      started,
      firstTryBegan?.exact ? firstTryBegan : null,
      firstTryEnded?.exact ? firstTryEnded : null,
      lastSwitched,
      end,
      released,
    ].flatMap((moment) => (moment ? [BigInt(moment.monoNs) / 1_000_000n] : []))
    expect(order).toEqual([...order].sort((a, b) => (a < b ? -1 : 1)))
    expect(lastSwitched).not.toBeNull()
  }
})

it.each(recordingsOf('stall-sleeping'))(
  'in %s the last task is the sleeper, when its switch was seen',
  (name) => {
    const held = ended(stepsOf(name)).find(({ direction }) => direction === 'patching')!
    expect(held.phases?.lastSwitched?.exact).toBe(true)
  },
)

describe('the phases of a transition', () => {
  it('are exact where the probes tell of the first try and of the end of all switches', () => {
    const world = aWorld()
    world.at(10, transitionStarted())
    world.at(14.2, firstTry(14))
    world.at(30, {
      kind: 'transition-finishing',
      patch: 'klpt_patch_v1',
      direction: 'patching',
      tryBeganMonoNs: '25000000000',
      lastSwitchedMonoNs: '25100000000',
    })
    world.at(31, completed)
    const transition = world.state().lastTransition!
    expect(transition.phases).toMatchObject({
      firstTryBegan: { monoNs: '14000000000', exact: true },
      firstTryEnded: { monoNs: '14200000000', exact: true },
      lastSwitched: { monoNs: '25100000000', exact: true },
    })
  })

  it('a first try that switches all is known by its last switch', () => {
    const world = aWorld()
    world.at(10, transitionStarted())
    world.at(11, {
      kind: 'transition-finishing',
      patch: 'klpt_patch_v1',
      direction: 'patching',
      tryBeganMonoNs: '10100000000',
      lastSwitchedMonoNs: '10200000000',
    })
    world.at(11, completed)
    expect(world.state().lastTransition?.phases).toMatchObject({
      firstTryBegan: { monoNs: '10100000000', exact: true },
      firstTryEnded: { monoNs: '10200000000', exact: true },
    })
  })

  it('begin anew with a reversal, and what was before is kept', () => {
    const world = aWorld()
    world.at(10, transitionStarted())
    world.at(10.2, firstTry(10.1))
    world.at(20, {
      kind: 'transition-reversed',
      patch: 'klpt_patch_v1',
      direction: 'unpatching',
      pid: 1,
      comm: 'sh',
    })
    const { phases, earlierPhases } = world.state().transition!
    expect(phases).toMatchObject({ direction: 'unpatching', firstTryEnded: null })
    expect(earlierPhases).toMatchObject([{ direction: 'patching', firstTryEnded: { exact: true } }])
  })

  it('the last switch is taken back when a task turns up that has not switched', () => {
    const world = aWorld()
    world.at(10, transitionStarted())
    world.at(10.2, firstTry(10.1))
    world.at(12, tasksObserved([aTask(1, 1)], 0))
    expect(world.state().transition?.phases?.lastSwitched).not.toBeNull()
    world.at(13, tasksObserved([aTask(1, 1), aTask(2, 0)], 1))
    expect(world.state().transition?.phases?.lastSwitched).toBeNull()
  })

  it('a patch enabled before the transition began proves no try', () => {
    const world = aWorld()
    world.at(10, transitionStarted({ direction: 'unpatching' }))
    world.at(11, patchesObserved({ name: 'klpt_patch_v1', enabled: true, inTransition: true }))
    expect(world.state().transition?.phases?.firstTryBegan).toBeNull()
  })
})
