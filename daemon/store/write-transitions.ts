import type Database from 'better-sqlite3'
import type { EventOf } from '../contract/event.ts'
import type { SwitchWay } from '../contract/event-parts.ts'
import type { BlockedTask, Transition } from '../contract/state.ts'
import { checkedBy } from '../core/blocked.ts'
import type { CoreState } from '../core/core-state.ts'
import { withLastSeen } from '../core/last-seen.ts'
import { taskKey } from '../core/task-key.ts'
import { parseTime } from '../core/time.ts'
import type { Step } from '../engine.ts'
import type { TableWriter } from './table-writer.ts'

/** How it got to the target state; null: it is blocked (again). Absent: nothing new. */
type Switch = { ns: bigint; way: SwitchWay | 'gone' } | null
type TaskRow = {
  transition: string
  key: number
  task: { tid: number; pid: number; comm: string }
  blocked?: BlockedTask
  switched?: Switch
}

/** Counts of tries alone are written this often while a transition runs. */
const triesEveryNs = 10_000_000_000n

/** The transitions alone, for a record whose rows were written by a version that knew less of them. */
export const createTransitionRenewer = (database: Database.Database): TableWriter => {
  const write = prepareWrites(database)
  const changed = createChanges()
  return { take: changed.take, flush: () => changed.flush(write.transition) }
}

/** Transitions as they were last, until they are written. */
const createChanges = () => {
  const transitions = new Map<string, Transition>()
  return {
    take: (before: CoreState, { state }: Step): void => {
      for (const transition of [state.lastTransition, state.transition]) {
        const known = transition === before.lastTransition || transition === before.transition
        if (transition && !known) transitions.set(transition.id, transition)
      }
    },
    flush: (write: (transition: Transition) => void): void => {
      for (const transition of transitions.values()) write(transition)
      transitions.clear()
    },
  }
}

/** Tables transitions and transition_tasks. */
export const createTransitionWriter = (database: Database.Database): TableWriter => {
  const write = prepareWrites(database)
  const transitions = createChanges()
  let rows: TaskRow[] = []
  let triesNs = 0n

  const putBlocked = (transition: string, key: number, state: CoreState): void => {
    const known = state.blocked.get(key)
    if (!known) return
    const blocked = withLastSeen(known, state)
    rows.push({ transition, key, task: blocked, blocked })
  }

  /** Who is no longer blocked, and who is now, by a snapshot of all tasks. */
  const compare = (
    id: string,
    before: CoreState,
    event: EventOf<'tasks-observed'>,
    state: CoreState,
    ns: bigint,
  ): void => {
    const target = state.transition?.direction === 'unpatching' ? 0 : 1
    for (const key of checkedBy(before, event) ??
      new Set([...before.blocked.keys(), ...state.blocked.keys()])) {
      const known = before.blocked.get(key)
      const isBlocked = state.blocked.has(key)
      if (known && !isBlocked) {
        const blocked = withLastSeen(known, before)
        const way = state.tasks.get(key)?.patchState === target ? 'snapshot' : 'gone'
        rows.push({ transition: id, key, task: blocked, blocked, switched: { ns, way } })
      }
      // A snapshot that comes late may show who has switched meanwhile: what was told of that stays.
      if (!known && isBlocked) putBlocked(id, key, state)
    }
  }

  /** Whoever had switched has to switch back. */
  const turnRound = (id: string): void => {
    flush()
    write.turnRound(id)
  }

  const flush = (): void => {
    transitions.flush(write.transition)
    for (const row of rows) write.task(row)
    rows = []
  }

  const takeTasks = (before: CoreState, step: Step, timeNs: bigint): void => {
    const { event, state } = step
    const id = event.transition
    if (id === undefined) return
    const allBlocked = () => {
      for (const key of before.blocked.keys()) putBlocked(id, key, before)
    }
    // The first try has ended: who had failed one is in the way from now on.
    if (before.triedEarly.size > 0)
      for (const key of before.triedEarly.keys()) if (state.blocked.has(key)) putBlocked(id, key, state)
    switch (event.kind) {
      case 'task-blocked': {
        const key = taskKey(event)
        const blocked = state.blocked.get(key)
        if (blocked) rows.push({ transition: id, key, task: blocked, blocked, switched: null })
        return
      }
      case 'task-inspected':
        putBlocked(id, event.tid, state)
        return
      case 'task-switched': {
        const key = taskKey(event)
        const known = before.blocked.get(key)
        const blocked = known && withLastSeen(known, before)
        const { tid, pid, comm, way } = event
        rows.push({
          transition: id,
          key,
          task: { tid, pid, comm },
          ...(blocked ? { blocked } : {}),
          switched: { ns: timeNs, way },
        })
        return
      }
      case 'tasks-observed':
        if (state.blocked !== before.blocked) compare(id, before, event, state, timeNs)
        return
      case 'task-tries':
        if (timeNs - triesNs < triesEveryNs) return
        triesNs = timeNs
        allBlocked()
        return
      case 'transition-reversed':
        allBlocked()
        turnRound(id)
        return
      case 'transition-completed':
      case 'transition-cancelled':
        allBlocked()
    }
  }

  return {
    take: (before, step, timeNs) => {
      transitions.take(before, step)
      takeTasks(before, step, timeNs)
    },
    flush,
  }
}

const prepareWrites = (database: Database.Database) => {
  const upsertTransition = database.prepare(
    `INSERT INTO transitions (id, patch, direction, outcome, start_ns, end_ns, duration_ms, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET direction = excluded.direction, outcome = excluded.outcome,
       start_ns = excluded.start_ns, end_ns = excluded.end_ns, duration_ms = excluded.duration_ms, data = excluded.data`,
  )
  // What was known of a task and is not told again stays; a snapshot knows no reason.
  const upsertTask = database.prepare(
    `INSERT INTO transition_tasks (transition_id, task, tid, pid, comm, kthread, first_blocked_ns, last_blocked_ns,
       reason, function, blame, tries, unit, container, command_line, stack, switched_ns, way)
     VALUES (@transition, @key, @tid, @pid, @comm, @kthread, @firstNs, @lastNs,
       @reason, @function, @blame, @tries, @unit, @container, @commandLine, @stack, @switchedNs, @way)
     ON CONFLICT DO UPDATE SET
       first_blocked_ns = coalesce(first_blocked_ns, excluded.first_blocked_ns),
       last_blocked_ns = coalesce(excluded.last_blocked_ns, last_blocked_ns),
       reason = CASE WHEN excluded.reason != 'unknown' OR reason IS NULL THEN excluded.reason ELSE reason END,
       function = coalesce(excluded.function, function),
       blame = coalesce(excluded.blame, blame), tries = max(coalesce(tries, excluded.tries), coalesce(excluded.tries, tries)),
       unit = coalesce(excluded.unit, unit), container = coalesce(excluded.container, container),
       command_line = coalesce(excluded.command_line, command_line), stack = coalesce(excluded.stack, stack),
       switched_ns = CASE WHEN @told THEN excluded.switched_ns ELSE switched_ns END,
       way = CASE WHEN @told THEN excluded.way ELSE way END`,
  )
  const forgetSwitches = database.prepare(
    'UPDATE transition_tasks SET switched_ns = NULL, way = NULL WHERE transition_id = ?',
  )
  return {
    turnRound: (id: string) => forgetSwitches.run(id),
    transition: (transition: Transition) =>
      upsertTransition.run(
        transition.id,
        transition.patch,
        transition.direction,
        transition.outcome,
        parseTime(transition.startedAt),
        transition.endedAt === null ? null : parseTime(transition.endedAt),
        transition.durationMs,
        JSON.stringify(transition),
      ),
    task: ({ transition, key, task, blocked, switched }: TaskRow) =>
      upsertTask.run({
        transition,
        key,
        tid: task.tid,
        pid: task.pid,
        comm: task.comm,
        kthread: blocked ? Number(blocked.kthread) : null,
        firstNs: blocked ? parseTime(blocked.since) : null,
        lastNs: blocked ? parseTime(blocked.lastSeen) : null,
        reason: blocked?.reason ?? null,
        function: blocked?.function ?? null,
        blame: blocked?.blame ?? null,
        tries: blocked?.tries ?? null,
        unit: blocked?.unit ?? null,
        container: blocked?.container ?? null,
        commandLine: blocked?.commandLine ?? null,
        stack: blocked?.stack ? JSON.stringify(blocked.stack) : null,
        switchedNs: switched?.ns ?? null,
        way: switched?.way ?? null,
        told: Number(switched !== undefined),
      }),
  }
}
