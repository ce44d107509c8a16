import type { Event, EventDraft } from '../../../daemon/contract/event.ts'
import type { Finding } from '../../../daemon/contract/finding.ts'
import { type CoreState, initialState } from '../../../daemon/core/core-state.ts'
import type { Effect } from '../../../daemon/core/effect.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'

/** A draft without its time: the tests say when in seconds. */
export type Happening = EventDraft extends infer D
  ? D extends EventDraft
    ? Omit<D, 'monoNs'>
    : never
  : never

/** A small world to tell stories in: `at(seconds, happening)`, and look at the state. */
export const aWorld = (from: CoreState = initialState) => {
  let state = from
  const events: Event[] = []
  const effects: Effect[] = []
  const at = (seconds: number, happening: Happening): Event => {
    const draft = { ...happening, monoNs: String(Math.round(seconds * 1000) * 1_000_000) } as EventDraft
    const event = numberEvent(state, draft)
    const [next, caused] = reduce(state, event)
    state = next
    events.push(event)
    effects.push(...caused)
    return event
  }
  return { at, events, effects, state: () => state }
}
export type World = ReturnType<typeof aWorld>

export const allProbes = ['transition', 'tasks', 'shadow'].map((name) => ({ name, available: true }))

export const started = (bootId = 'boot-1') =>
  ({
    kind: 'tracer-started',
    hostname: 'host',
    kernel: '6.1.0',
    bootId,
    cpus: 2,
    version: '0.1.0',
    stalledAfterMs: 10_000,
  }) as const
export const attached = { kind: 'tracer-attached', probeSets: allProbes } as const

/** The tracer runs with all its probes. */
export const observing = (): World => {
  const world = aWorld()
  world.at(1, started())
  world.at(2, attached)
  return world
}

/** The rules of the findings that are open. */
export const open = (world: World): string[] =>
  [...world.state().findings.values()].map((finding) => finding.rule)

/** Every word about a finding so far. */
export const told = (world: World): Finding[] =>
  world.effects.flatMap((effect) => (effect.kind === 'finding-changed' ? [effect.finding] : []))

export const completed = {
  kind: 'transition-completed',
  patch: 'klpt_patch_v1',
  direction: 'patching',
} as const

export const transitionStarted = (own: { adopted?: boolean; direction?: 'patching' | 'unpatching' } = {}) =>
  ({
    kind: 'transition-started',
    patch: 'klpt_patch_v1',
    direction: 'patching',
    adopted: false,
    ...own,
  }) as const

export const sleeperBlocked = {
  kind: 'task-blocked',
  tid: 264,
  pid: 264,
  comm: 'klpt-sleeper',
  errno: 98,
  reason: 'sleeping-on-function',
  function: 'klpt_sleep_in_function',
  kthread: true,
  idle: false,
  cpu: 1,
} as const

/** The first try of all tasks ended; it had begun at `beganS`. */
export const firstTry = (beganS: number, direction: 'patching' | 'unpatching' = 'patching') =>
  ({
    kind: 'transition-tried',
    patch: 'klpt_patch_v1',
    direction,
    beganMonoNs: String(Math.round(beganS * 1000) * 1_000_000),
  }) as const

export const aTask = (tid: number, patchState: -1 | 0 | 1, comm = `task-${tid}`) => ({
  tid,
  pid: tid,
  startNs: String(tid),
  patchState,
  comm,
  kthread: false,
  cpu: 0,
})

/** A whole table of tasks as a snapshot shows it. */
export const tasksObserved = (tasks: ReturnType<typeof aTask>[], remaining: number | null = null) =>
  ({
    kind: 'tasks-observed',
    complete: true,
    source: 'iterator',
    total: tasks.length,
    remaining,
    changed: tasks,
    gone: [] as number[],
  }) as const

export const patchesObserved = (
  ...patches: { name: string; enabled?: boolean; inTransition?: boolean; stackOrder?: number }[]
) =>
  ({
    kind: 'patches-observed',
    patches: patches.map((patch) => ({ enabled: true, inTransition: false, objects: [], ...patch })),
  }) as const

/** A transition of two tasks, one of which is blocked. */
export const stalling = (world: World = aWorld()): World => {
  world.at(1, started())
  world.at(2, attached)
  world.at(10, transitionStarted())
  world.at(10.1, sleeperBlocked)
  world.at(10.2, firstTry(10))
  world.at(11, tasksObserved([aTask(1, 1), aTask(264, 0, 'klpt-sleeper')], 1))
  return world
}
