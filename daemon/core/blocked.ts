import { OrderedSet } from 'immutable'
import type { Event, EventOf } from '../contract/event.ts'
import type { BlockedTask, Task } from '../contract/state.ts'
import { cgroupOwner } from './cgroup-owner.ts'
import { type CoreState, initialState } from './core-state.ts'
import { blame } from './derive.ts'
import { hasTried } from './phases.ts'
import { isReused, isSameTask } from './same-task.ts'
import { taskKey } from './task-key.ts'

/**
 * Tasks that failed a try, and why. They are in the way once the first try of all tasks has ended: before, they may
 * simply not have had their turn.
 */
export const reduceBlocked = (state: CoreState, event: Event, before: CoreState): CoreState => {
  const known = withoutReused(state, event, before)
  return isTried(known) ? follow(promote(known), event) : followEarly(known, event)
}

/** A tid that another task has by now: what was known of the task before is not true of this one. */
const withoutReused = (state: CoreState, event: Event, { tasks }: CoreState): CoreState => {
  if (event.kind !== 'tasks-observed') return state
  let known = state
  for (const task of event.changed) {
    const key = taskKey(task)
    const isOfAnother = (blocked: BlockedTask | undefined) =>
      blocked !== undefined && isReused(blocked, tasks.get(key), task)
    if (isOfAnother(known.blocked.get(key))) known = change(known, key, () => undefined)
    if (isOfAnother(known.triedEarly.get(key))) known = { ...known, triedEarly: known.triedEarly.delete(key) }
  }
  return known
}

const isTried = ({ transition }: CoreState): boolean =>
  !transition?.phases || transition.phases.firstTryEnded !== null

/** The first try has ended: who failed it and has not switched since is in the way. */
const promote = (state: CoreState): CoreState => {
  let promoted = state
  for (const [key, task] of state.triedEarly) promoted = change(promoted, key, () => task)
  return state.triedEarly.size > 0 ? { ...promoted, triedEarly: initialState.triedEarly } : state
}

const follow = (state: CoreState, event: Event): CoreState => {
  switch (event.kind) {
    case 'task-blocked':
      return change(state, taskKey(event), (known) => block(known, event))
    case 'task-switched':
      return change(state, taskKey(event), () => undefined)
    case 'task-inspected':
      return change(state, event.tid, (known) => known && inspect(known, event))
    case 'task-tries':
      return { ...state, blocked: withTries(state.blocked, event) }
    case 'tasks-observed':
      return observe(state, event)
    case 'patches-observed':
      return state.transition || state.blocked.size === 0 ? state : withoutBlocked(state)
    case 'transition-started':
    case 'transition-completed':
    case 'transition-cancelled':
    case 'transition-reversed':
      // What was in the way of one direction is not in the way of the other.
      return isRepeat(state, event) ? state : withoutBlocked(state)
    default:
      return state
  }
}

/** The same before the first try of all tasks has ended. */
const followEarly = (state: CoreState, event: Event): CoreState => {
  const { triedEarly, transition, tasks } = state
  const change = (key: number, update: (known: BlockedTask) => BlockedTask): CoreState => {
    const known = triedEarly.get(key)
    return known ? { ...state, triedEarly: triedEarly.set(key, update(known)) } : state
  }
  switch (event.kind) {
    case 'task-blocked': {
      const key = taskKey(event)
      return { ...state, triedEarly: triedEarly.set(key, block(triedEarly.get(key), event)) }
    }
    case 'task-switched':
      return { ...state, triedEarly: triedEarly.delete(taskKey(event)) }
    case 'task-inspected':
      return change(event.tid, (known) => inspect(known, event))
    case 'task-tries':
      return { ...state, triedEarly: withTries(triedEarly, event) }
    case 'tasks-observed': {
      const target = transition?.direction === 'patching' ? 1 : 0
      const remaining = triedEarly.filter((_, key) => (tasks.get(key)?.patchState ?? target) !== target)
      return { ...state, triedEarly: remaining, derived: { ...state.derived, unchecked: null } }
    }
    case 'transition-started':
    case 'transition-reversed': {
      const kept = isRepeat(state, event) ? triedEarly.concat(state.blocked) : initialState.triedEarly
      return { ...withoutBlocked(state), triedEarly: kept }
    }
    default:
      return state
  }
}

const withTries = (tasks: CoreState['blocked'], { tries }: EventOf<'task-tries'>): CoreState['blocked'] =>
  tasks.withMutations((table) => {
    for (const [key, count] of tries) {
      const task = table.get(key)
      if (task && task.tries !== count) table.set(key, { ...task, tries: count })
    }
  })

/** A transition that is merely seen again keeps its blocked tasks. */
const isRepeat = (state: CoreState, event: Event): boolean =>
  event.kind === 'transition-started' && state.transition?.startedAt !== event.time

/** Nobody is blocked, and the next snapshot says anew who is. */
const withoutBlocked = (state: CoreState): CoreState => {
  const { blocked, derived } = initialState
  return { ...state, blocked, derived: { ...derived, findingIds: state.derived.findingIds } }
}

const change = (
  state: CoreState,
  key: number,
  update: (known: BlockedTask | undefined) => BlockedTask | undefined,
): CoreState => {
  const { derived } = state
  const known = state.blocked.get(key)
  const updated = update(known)
  return {
    ...state,
    blocked: updated ? state.blocked.set(key, updated) : state.blocked.delete(key),
    derived: {
      ...derived,
      unchecked: derived.unchecked?.add(key) ?? null,
      blamed: blame(derived.blamed, key, known, updated),
    },
  }
}

const block = (before: BlockedTask | undefined, event: EventOf<'task-blocked'>): BlockedTask =>
  blockAgain(before && isSameTask(before, event) ? before : undefined, event)

const blockAgain = (known: BlockedTask | undefined, event: EventOf<'task-blocked'>): BlockedTask => ({
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
  userUnit: null,
  container: null,
  pod: null,
}

const inspect = (known: BlockedTask, event: EventOf<'task-inspected'>): BlockedTask => ({
  ...known,
  ...learnt(known, event),
  blame: event.blame ?? known.blame,
})

type Owner = Pick<BlockedTask, 'cgroup' | 'unit' | 'userUnit' | 'container' | 'pod'>
type Inspected = Owner & Pick<BlockedTask, 'stack' | 'runs' | 'commandLine'>

/** What is known of a task after another look at it: what a look could not read stays. */
export const learnt = (known: Inspected, event: EventOf<'task-inspected'>): Inspected => ({
  stack: event.stack ?? known.stack,
  runs: event.runs ?? known.runs,
  commandLine: event.commandLine ?? known.commandLine,
  ...(event.cgroup === undefined ? ownerTold(known, event) : ownerRead(event.cgroup)),
})

const ownerTold = (known: Owner, event: EventOf<'task-inspected'>): Owner => ({
  cgroup: known.cgroup,
  unit: event.unit ?? known.unit,
  userUnit: event.userUnit ?? known.userUnit,
  container: event.container ?? known.container,
  pod: event.pod ?? known.pod,
})

/** Older records name other units for the same cgroup: a slice, or one inside a container. */
const ownerRead = (cgroup: string): Owner => {
  const { unit, userUnit, container, pod } = cgroupOwner(cgroup)
  return { cgroup, unit, userUnit, container: container?.name ?? null, pod }
}

/**
 * Keys of the tasks whose place among the blocked ones a snapshot may change: those that it shows otherwise than the
 * one before, and those of which an event has told since. Null: any, because not all have been looked at yet.
 */
export const checkedBy = (
  { derived: { unchecked } }: Pick<CoreState, 'derived'>,
  { complete, changed, gone }: EventOf<'tasks-observed'>,
): Iterable<number> | null =>
  complete || unchecked === null ? null : new Set([...unchecked, ...changed.map(taskKey), ...gone])

/**
 * A snapshot has the last word: who is at the target is not blocked, who is not after the first try is. Of a task that no
 * transition concerns (-1) it says nothing: it was read just before this one began, or after it ended.
 */
const observe = (state: CoreState, event: EventOf<'tasks-observed'>): CoreState => {
  const { transition, tasks, derived } = state
  if (!transition) return state
  const target = transition.direction === 'patching' ? 1 : 0
  const tried = hasTried(transition.phases, event.monoNs)
  const idleTried = tried && hasTried(transition.phases, event.idleAsOfMonoNs ?? event.monoNs)
  let { blamed } = derived
  const added: [number, Task][] = []
  const blocked = state.blocked.withMutations((table) => {
    for (const key of checkedBy(state, event) ?? new Set([...table.keys(), ...tasks.keys()])) {
      const known = table.get(key)
      const task = tasks.get(key)
      if (!task || task.patchState === target) {
        blamed = blame(blamed, key, known, undefined)
        table.delete(key)
      } else if (!known && (task.idle ? idleTried : tried) && task.patchState !== -1) added.push([key, task])
    }
    // In one order, however few of them were looked at.
    added.sort(([one], [other]) => one - other)
    for (const [key, { tid, pid, comm, kthread, idle, cpu }] of added) {
      const seen = { since: event.time, lastSeen: event.time }
      table.set(key, { ...unknownTask, tid, pid, comm, kthread, idle, cpu, ...seen })
    }
  })
  // Before each task has been tried, a later snapshot may show as blocked whom this one did not.
  return { ...state, blocked, derived: { ...derived, blamed, unchecked: idleTried ? OrderedSet() : null } }
}
