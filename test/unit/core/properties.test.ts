import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import { changedView, view } from '../../../daemon/core/view.ts'
import { deserializeState, serializeState } from '../../../daemon/store/serialize-state.ts'
import {
  allProbes,
  aTask,
  aWorld,
  type Happening,
  patchesObserved,
  sleeperBlocked,
  started,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'
import { eventsOf, recordingNames } from '../support/recordings.ts'

const fold = (events: readonly Event[], from: CoreState = initialState): CoreState =>
  events.reduce((state, event) => reduce(state, event)[0], from)
const stored = (state: CoreState): CoreState => deserializeState(serializeState(state))

const direction = fc.constantFrom('patching' as const, 'unpatching' as const)
const patch = fc.constantFrom('p', 'q')
const task = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(-1 as const, 0 as const, 1 as const))
const count = fc.nat({ max: 5 })

/** Any event after any other: also what no kernel would do, because records get lost. */
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { arbitrary: patch.map((name): Happening => ({ ...transitionStarted(), patch: name })), weight: 2 },
  fc
    .tuple(patch, direction)
    .map(
      ([name, way]): Happening => ({ ...transitionStarted({ adopted: true, direction: way }), patch: name }),
    ),
  fc
    .tuple(
      fc.constantFrom(
        'transition-completed',
        'transition-cancelled',
        'transition-reversed',
        'transition-forced',
      ),
      patch,
      direction,
    )
    .map(([kind, name, way]): Happening => ({ kind, patch: name, direction: way })),
  {
    arbitrary: fc.nat({ max: 3 }).map((tid): Happening => ({ ...sleeperBlocked, tid, idle: tid === 0 })),
    weight: 2,
  },
  fc.nat({ max: 3 }).map(
    (tid): Happening => ({
      kind: 'task-switched',
      tid,
      pid: tid,
      comm: 'x',
      cpu: 1,
      way: 'schedule',
      to: 1,
    }),
  ),
  fc.nat({ max: 3 }).map((tid): Happening => ({ kind: 'task-inspected', tid, stack: ['f'] })),
  fc.nat({ max: 3 }).map((tid): Happening => ({ kind: 'task-tries', tries: [[tid, 4]] })),
  {
    arbitrary: fc.tuple(fc.array(task, { maxLength: 4 }), fc.boolean()).map(
      ([tasks, complete]): Happening => ({
        ...tasksObserved(
          tasks.map(([tid, state]) => aTask(tid, state)),
          1,
        ),
        complete,
        gone: complete ? [] : [4],
      }),
    ),
    weight: 2,
  },
  fc
    .tuple(fc.boolean(), fc.boolean())
    .map(([enabled, inTransition]): Happening => patchesObserved({ name: 'p', enabled, inTransition })),
  fc.constantFrom('boot-1', 'boot-2').map((boot): Happening => started(boot)),
  fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }).map(
    (available): Happening => ({
      kind: 'tracer-attached',
      probeSets: allProbes.map((set, index) => ({ ...set, available: available[index] ?? false })),
    }),
  ),
  fc
    .constantFrom('tracer', 'bpftrace', 'daemon')
    .map(
      (source): Happening => ({ kind: 'tracer-gap', source, fromMonoNs: '0', toMonoNs: '1', reason: 'r' }),
    ),
  count.map((lost): Happening => ({ kind: 'events-lost', source: 'tracer', count: lost })),
  fc.constant<Happening>({ kind: 'tracer-stopped', reason: 'SIGTERM' }),
  fc
    .integer({ min: 0, max: 2 ** 31 })
    .map((offset): Happening => ({ kind: 'clock-mapped', offsetNs: String(offset) })),
  fc.tuple(fc.constantFrom('0x1', '0x2'), count, count, fc.option(count)).map(
    ([id, duplicates, failures, live]): Happening => ({
      kind: 'shadow-counts',
      counts: [
        { id, live, allocated: 5, freed: 1, found: 0, duplicates, failures, missed: 0, sizesBytes: [8] },
      ],
      notStreamed: 0,
    }),
  ),
)
const history = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 8_000 }), happening), { minLength: 1, maxLength: 25 })
  .map((steps) => {
    const world = aWorld()
    let seconds = 0
    for (const [milliseconds, event] of steps) {
      seconds += milliseconds / 1000
      world.at(seconds, event)
    }
    return world.events
  })

/** Freezes objects, the nodes of persistent maps too. */
const freezeDeep = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const each of Object.values(value)) freezeDeep(each)
}

describe('any history', () => {
  it('any prefix and then the rest folds to what all folds to, also when the state was stored between', () => {
    fc.assert(
      fc.property(history, fc.nat(), (events, where) => {
        const at = where % (events.length + 1)
        const whole = serializeState(fold(events))
        const prefix = fold(events.slice(0, at))
        expect(serializeState(fold(events.slice(at), prefix))).toBe(whole)
        expect(serializeState(fold(events.slice(at), stored(prefix)))).toBe(whole)
      }),
      { numRuns: 300 },
    )
  })

  it('reducing leaves the state before, and the event, as they are', () => {
    fc.assert(
      fc.property(history, (events) => {
        let state = initialState
        for (const event of events) {
          const [stateText, eventText] = [serializeState(state), JSON.stringify(event)]
          freezeDeep(state)
          freezeDeep(event)
          const [next] = reduce(state, event)
          expect(serializeState(state)).toBe(stateText)
          expect(JSON.stringify(event)).toBe(eventText)
          state = next
        }
      }),
      { numRuns: 200 },
    )
  })

  it('the changed keys of the view, put over the old view, give the new one', () => {
    fc.assert(
      fc.property(history, (events) => {
        let state = initialState
        for (const event of events) {
          const [next] = reduce(state, event)
          expect({ ...view(state), ...changedView(state, next) }).toEqual(view(next))
          state = next
        }
      }),
      { numRuns: 100 },
    )
  })
})

describe.each(recordingNames)('recording %s', (name) => {
  it('folds the same from every stored prefix', { timeout: 60_000 }, () => {
    const events = eventsOf(name)
    const whole = serializeState(fold(events))
    const step = Math.max(1, Math.floor(events.length / 25))
    let prefix = initialState
    for (let at = 0; at <= events.length; at += step) {
      expect(serializeState(fold(events.slice(at), stored(prefix))), `at ${at}`).toBe(whole)
      prefix = fold(events.slice(at, at + step), prefix)
    }
  })
})

it('a stored state is the state again', () => {
  fc.assert(
    fc.property(history, (events) => {
      const state = fold(events)
      // What the next snapshot has to check is not stored: after a restart it checks all.
      const { unchecked: _, ...derived } = state.derived
      const { unchecked, ...restored } = stored(state).derived
      expect({ ...stored(state), derived: restored }).toEqual({ ...state, derived })
      expect(unchecked).toBeNull()
      expect(serializeState(stored(state))).toBe(serializeState(state))
    }),
    { numRuns: 100 },
  )
})
