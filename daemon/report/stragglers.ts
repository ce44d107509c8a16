import type { Event, EventOf } from '../contract/event.ts'
import type { Direction } from '../contract/event-parts.ts'
import type { Straggler, StragglerEnd } from '../contract/report.ts'
import type { Task, Transition } from '../contract/state.ts'
import { learnt } from '../core/blocked.ts'
import { hasTried } from '../core/phases.ts'
import { isReused, isSameTask } from '../core/same-task.ts'
import { taskKey } from '../core/task-key.ts'
import { millisecondsBetween } from '../core/time.ts'

type Span = Straggler & { sinceMonoNs: string; lastSeenMonoNs: string; lastSeen: string; triesBefore: number }
type Seen = Pick<Task, 'tid' | 'pid' | 'startNs' | 'comm' | 'kthread' | 'idle' | 'cpu' | 'patchState'>

export type StragglerCollector = {
  /** Takes the next event of the transition, in order. */
  take: (event: Event) => void
  /** All of them, longest first. `now`: the newest moment of the record, for those still blocked. */
  finish: (transition: Pick<Transition, 'outcome'>, nowMonoNs: string) => Straggler[]
}

/**
 * Follows every task that was in the way of a transition, from its being found so to its end. The same account as
 * core/blocked.ts gives live, kept as history, in one pass and without a copy of the task table per event.
 * @param tasks the task table before the transition's first event, by taskKey
 */
export const collectStragglers = (
  transition: Pick<Transition, 'direction' | 'phases' | 'earlierPhases'>,
  tasks: ReadonlyMap<number, Task>,
): StragglerCollector => {
  const open = new Map<number, Span>()
  const closed: Straggler[] = []
  const table = new Map<number, Seen>(tasks)
  const unswitched = new Set<number>()
  // Of each direction it had, oldest first: the first is under way.
  const directions = [...(transition.earlierPhases ?? []), ...(transition.phases ? [transition.phases] : [])]
  let direction: Direction = directions[0]?.direction ?? transition.direction

  const target = () => (direction === 'patching' ? 1 : 0)
  const note = (key: number, task: Seen) => {
    if (task.patchState === target() || task.patchState === -1) unswitched.delete(key)
    else unswitched.add(key)
  }
  const turn = (to: Direction) => {
    direction = to
    for (const [key, task] of table) note(key, task)
  }
  turn(direction)

  const begin = (key: number, event: Event, task: Omit<Seen, 'startNs' | 'patchState'>): Span => {
    const span: Span = {
      tid: task.tid,
      pid: task.pid,
      comm: task.comm,
      kthread: task.kthread,
      idle: task.idle,
      direction,
      since: event.time,
      until: null,
      durationMs: 0,
      end: 'lost-sight',
      way: null,
      reasons: [],
      tries: null,
      state: null,
      cpu: task.cpu,
      stack: null,
      runs: null,
      commandLine: null,
      cgroup: null,
      unit: null,
      userUnit: null,
      container: null,
      pod: null,
      sinceMonoNs: event.monoNs,
      lastSeenMonoNs: event.monoNs,
      lastSeen: event.time,
      triesBefore: 0,
    }
    open.set(key, span)
    return span
  }

  const close = (key: number, span: Span, end: StragglerEnd, at: Event | null, toMonoNs: string) => {
    const { sinceMonoNs, lastSeenMonoNs: _, lastSeen: __, triesBefore: ___, ...straggler } = span
    const durationMs = millisecondsBetween(sinceMonoNs, toMonoNs)
    open.delete(key)
    // Switched before the first try had ended: it was never in the way.
    if (!hasTried(directions[0], toMonoNs)) return
    // A snapshot that shows it switched may have begun just before it was blocked.
    if (durationMs < 0) closed.push({ ...straggler, end, until: at && straggler.since, durationMs: 0 })
    else closed.push({ ...straggler, end, until: at?.time ?? null, durationMs })
  }
  const closeAll = (end: StragglerEnd, event: Event) => {
    for (const [key, span] of open) close(key, span, end, event, event.monoNs)
  }

  const block = (event: EventOf<'task-blocked'>) => {
    const key = taskKey(event)
    const known = open.get(key)
    // Its tid is another task's by now, or it has another name: what became of it was not seen.
    if (known && !isSameTask(known, event)) close(key, known, 'lost-sight', null, known.lastSeenMonoNs)
    const span = open.get(key) ?? begin(key, event, event)
    const reason = { reason: event.reason, function: event.function ?? null, blame: event.blame ?? null }
    const last = span.reasons.at(-1)
    if (last?.reason !== reason.reason || last.function !== reason.function)
      span.reasons.push({ ...reason, since: event.time })
    Object.assign(span, {
      state: event.state ?? span.state,
      cpu: event.cpu,
      lastSeenMonoNs: event.monoNs,
      lastSeen: event.time,
    })
  }

  const inspect = (event: EventOf<'task-inspected'>) => {
    const span = open.get(event.tid)
    if (!span) return
    Object.assign(span, learnt(span, event))
    const reason = span.reasons.at(-1)
    if (reason && event.blame !== undefined) reason.blame = event.blame
  }

  /** Counted in the kernel from zero by each tracer: a smaller count than the last is a new tracer's. */
  const countTries = (span: Span, tries: number) => {
    const known = span.tries ?? 0
    if (span.triesBefore + tries < known) span.triesBefore = known
    span.tries = span.triesBefore + tries
  }

  const observe = (event: EventOf<'tasks-observed'>) => {
    for (const task of event.changed) {
      const key = taskKey(task)
      const span = open.get(key)
      if (span && isReused(span, table.get(key), task)) close(key, span, 'exited', event, event.monoNs)
    }
    if (event.complete) {
      table.clear()
      unswitched.clear()
    }
    for (const key of event.gone) {
      table.delete(key)
      unswitched.delete(key)
    }
    for (const task of event.changed) {
      const { tid, pid, startNs, comm, kthread, patchState } = task
      const seen = {
        tid,
        pid,
        startNs,
        comm,
        kthread,
        patchState,
        idle: task.idle ?? false,
        cpu: task.cpu ?? null,
      }
      table.set(taskKey(task), seen)
      note(taskKey(task), seen)
    }
    for (const [key, span] of open) {
      const shown = table.get(key)?.patchState
      if (shown === undefined) close(key, span, 'exited', event, event.monoNs)
      else if (shown === target()) close(key, span, 'seen-switched', event, event.monoNs)
      else Object.assign(span, { lastSeenMonoNs: event.monoNs, lastSeen: event.time })
    }
    const tried = hasTried(directions[0], event.monoNs)
    const idleTried = tried && hasTried(directions[0], event.idleAsOfMonoNs ?? event.monoNs)
    for (const key of unswitched) {
      const task = table.get(key)
      if (task && !open.has(key) && (task.idle ? idleTried : tried)) begin(key, event, task)
    }
  }

  return {
    take: (event) => {
      switch (event.kind) {
        case 'transition-started':
          turn(event.direction)
          break
        case 'transition-reversed':
          closeAll('reversed', event)
          directions.shift()
          turn(event.direction)
          break
        case 'transition-completed':
        case 'transition-cancelled':
          closeAll('ended-with-transition', event)
          break
        case 'task-blocked':
          block(event)
          break
        case 'task-switched': {
          const span = open.get(taskKey(event))
          if (!span) break
          span.way = event.way
          close(taskKey(event), span, 'switched', event, event.monoNs)
          break
        }
        case 'task-inspected':
          inspect(event)
          break
        case 'task-tries':
          for (const [key, tries] of event.tries) {
            const span = open.get(key)
            if (span) countTries(span, tries)
          }
          break
        case 'tasks-observed':
          observe(event)
          break
      }
    },
    finish: ({ outcome }, nowMonoNs) => {
      const end = outcome === 'running' ? 'still-blocked' : 'lost-sight'
      for (const [key, span] of open)
        close(key, span, end, null, outcome === 'running' ? nowMonoNs : span.lastSeenMonoNs)
      return closed.sort((a, b) => b.durationMs - a.durationMs || a.since.localeCompare(b.since))
    },
  }
}
