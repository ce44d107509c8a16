import type { Event, EventOf } from '../contract/event.ts'
import type { BlockedTask, Transition } from '../contract/state.ts'
import type { CoreState } from './core-state.ts'
import { taskKey } from './task-key.ts'
import { millisecondsBetween } from './time.ts'

/** Before this a task may simply not have been tried yet; the kernel tries about once a second. */
const firstTriesMs = 1000
/** A reversal is followed by no try of its own: the next one was scheduled before, round_jiffies_relative(HZ) ahead. */
const triesAfterReversalMs = 2000

type Begun = Pick<Transition, 'startKnown' | 'startedMonoNs' | 'reversedMonoNs'>

/** Whether the kernel has surely tried every task by then, in the direction the transition has now. */
export const allTried = ({ startKnown, startedMonoNs, reversedMonoNs }: Begun, monoNs: string): boolean =>
  !startKnown ||
  (reversedMonoNs
    ? millisecondsBetween(reversedMonoNs, monoNs) >= triesAfterReversalMs
    : millisecondsBetween(startedMonoNs, monoNs) >= firstTriesMs)

/** Tasks not switched after a try, and why. */
export const reduceBlocked = (state: CoreState, event: Event): CoreState => {
  switch (event.kind) {
    case 'task-blocked':
      return change(state, taskKey(event), (known) => block(known, event))
    case 'task-switched':
      return change(state, taskKey(event), () => undefined)
    case 'task-inspected':
      return change(state, event.tid, (known) => known && inspect(known, event))
    case 'task-tries': {
      const blocked = new Map(state.blocked)
      for (const [key, tries] of event.tries) {
        const task = blocked.get(key)
        if (task) blocked.set(key, { ...task, tries })
      }
      return { ...state, blocked }
    }
    case 'tasks-observed':
      return observe(state, event)
    case 'transition-started':
    case 'transition-completed':
    case 'transition-cancelled':
    case 'transition-reversed':
      // What was in the way of one direction is not in the way of the other.
      return state.blocked.size > 0 && !isRepeat(state, event) ? { ...state, blocked: new Map() } : state
    default:
      return state
  }
}

/** A transition that is merely seen again keeps its blocked tasks. */
const isRepeat = (state: CoreState, event: Event): boolean =>
  event.kind === 'transition-started' && state.transition?.startedAt !== event.time

const change = (
  state: CoreState,
  key: number,
  update: (known: BlockedTask | undefined) => BlockedTask | undefined,
): CoreState => {
  const known = state.blocked.get(key)
  const updated = update(known)
  if (updated === known) return state
  const blocked = new Map(state.blocked)
  if (updated) blocked.set(key, updated)
  else blocked.delete(key)
  return { ...state, blocked }
}

const block = (known: BlockedTask | undefined, event: EventOf<'task-blocked'>): BlockedTask => ({
  ...(known ?? unknownTask),
  tid: event.tid,
  pid: event.pid,
  comm: event.comm,
  kthread: event.kthread,
  idle: event.idle,
  reason: event.reason,
  function: event.function ?? null,
  blame: event.blame ?? known?.blame ?? null,
  since: known?.since ?? event.time,
  lastSeen: event.time,
  state: event.state ?? null,
  cpu: event.cpu,
})

const unknownTask = {
  tries: 0,
  reason: 'unknown' as const,
  function: null,
  blame: null,
  state: null,
  stack: null,
  runs: null,
  commandLine: null,
  cgroup: null,
  unit: null,
  container: null,
}

const inspect = (known: BlockedTask, event: EventOf<'task-inspected'>): BlockedTask => ({
  ...known,
  ...learnt(known, event),
  blame: event.blame ?? known.blame,
})

type Inspected = Pick<BlockedTask, 'stack' | 'runs' | 'commandLine' | 'cgroup' | 'unit' | 'container'>

/** What is known of a task after another look at it: what a look could not read stays. */
export const learnt = (known: Inspected, event: EventOf<'task-inspected'>): Inspected => ({
  stack: event.stack ?? known.stack,
  runs: event.runs ?? known.runs,
  commandLine: event.commandLine ?? known.commandLine,
  cgroup: event.cgroup ?? known.cgroup,
  unit: event.unit ?? known.unit,
  container: event.container ?? known.container,
})

/**
 * A snapshot has the last word: who is at the target is not blocked, who is not after a try is. Of a task that no
 * transition concerns (-1) it says nothing: it was read just before this one began, or after it ended.
 */
const observe = (state: CoreState, event: EventOf<'tasks-observed'>): CoreState => {
  const { transition } = state
  if (!transition) return state
  const target = transition.direction === 'patching' ? 1 : 0
  const tried = allTried(transition, event.monoNs)
  const blocked = new Map<number, BlockedTask>()
  for (const [key, task] of state.tasks) {
    if (task.patchState === target) continue
    const known = state.blocked.get(key)
    if (!known && (!tried || task.patchState === -1)) continue
    const { tid, pid, comm, kthread, idle, cpu } = task
    blocked.set(key, {
      ...(known ?? { ...unknownTask, tid, pid, comm, kthread, idle, cpu, since: event.time }),
      lastSeen: event.time,
    })
  }
  return { ...state, blocked }
}
