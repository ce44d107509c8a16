import { beforeAll, describe, expect, it } from 'vitest'
import { type EventKind, eventKinds } from '../../../daemon/contract/event.ts'
import type { CoreState } from '../../../daemon/core/core-state.ts'
import { numberEvent } from '../../../daemon/core/number-event.ts'
import { reduce } from '../../../daemon/core/reduce.ts'
import { createDerivedTables } from '../../../daemon/store/derived-tables.ts'
import { openDatabase } from '../../../daemon/store/open-database.ts'
import {
  aTask,
  attached,
  aWorld,
  type Happening,
  patchesObserved,
  sleeperBlocked,
  started,
  tasksObserved,
  transitionStarted,
} from '../support/fold.ts'
import { useTemporaryDir } from '../support/temporary-dir.ts'
import { stepsOfWork } from '../support/work-meter.ts'

const few = 100
const many = 10 * few

const shadowCount = (index: number) => ({
  id: `0x${(index + 1).toString(16)}`,
  live: 3,
  allocated: 5,
  freed: 2,
  found: 0,
  duplicates: 1,
  failures: 0,
  missed: 0,
  sizesBytes: [8],
})

/** A stall in which as many tasks are blocked and blamed on something, as many not, and as many findings are open. */
const crowd = (size: number): CoreState => {
  const world = aWorld()
  const tids = Array.from({ length: size }, (_, index) => 1000 + index)
  world.at(1, started())
  world.at(2, attached)
  world.at(3, patchesObserved({ name: 'klpt_patch_v1', inTransition: true }))
  world.at(4, transitionStarted())
  const blocked = tids.map((tid) => ({ ...sleeperBlocked, tid, pid: tid }))
  for (const task of blocked) world.at(4.1, task)
  for (const tid of tids)
    world.at(4.2, { kind: 'task-inspected', tid, stack: ['f'], blame: `program ${tid % 3}` })
  const table = tids.flatMap((tid) => [aTask(tid, 0, 'klpt-sleeper'), aTask(tid + 1_000_000, 1)])
  world.at(6, tasksObserved(table, size))
  world.at(7, { kind: 'shadow-counts', counts: tids.map((_, index) => shadowCount(index)), notStreamed: 0 })
  world.at(8, { ...tasksObserved([], size), complete: false })
  const state = world.state()
  expect([state.blocked.size, state.tasks.size, state.shadow.ids.size]).toEqual([size, 2 * size, size])
  expect(state.findings.size).toBeGreaterThan(size)
  return state
}

const anyTask = { tid: 1007, pid: 1007, comm: 'klpt-sleeper' }
const shadow = { obj: '0x1', id: '0x5', ...anyTask }
const patch = 'klpt_patch_v1'
const direction = 'patching' as const
const probe = { function: 'f', object: 'vmlinux' }

/** One of each kind, or why its cost grows with the state: each of those is rare, and comes once for all it touches. */
const oneOfEach: Record<EventKind, Happening | string> = {
  'tracer-started': 'a new run',
  'tracer-attached': attached,
  'tracer-stopped': { kind: 'tracer-stopped', reason: 'SIGTERM' },
  'tracer-gap': 'ends the line of every shadow id',
  'events-lost': { kind: 'events-lost', source: 'tracer', count: 1 },
  'overhead-measured': { kind: 'overhead-measured', windowMs: 60_000, daemonMs: 1, tracersMs: 1 },
  'record-failed': { kind: 'record-failed', reason: 'r', remedy: 'r' },
  'record-resumed': { kind: 'record-resumed', lost: 0 },
  'record-renewed': { kind: 'record-renewed', reason: 'r', setAside: null },
  'decode-failed': { kind: 'decode-failed', source: 'tracer', error: 'e', raw: 'r' },
  'clock-mapped': { kind: 'clock-mapped', offsetNs: '1' },
  'patches-observed': 'asks of every shadow id who uses it',
  'patch-loading': 'asks of every shadow id who uses it',
  'patches-inventoried': 'asks of every shadow id who uses it',
  'ftrace-sites-observed': { kind: 'ftrace-sites-observed', sites: [probe] },
  'patch-load-refused': { kind: 'patch-load-refused', patch: 'q', cause: 'c' },
  'patch-enabled': 'asks of every shadow id who uses it',
  'patch-replaced': 'asks of every shadow id who uses it',
  'patch-disabled': 'asks of every shadow id who uses it',
  'patch-released': 'asks of every shadow id who uses it',
  'transition-started': 'asks of every shadow id who uses it',
  'transition-completed': 'lets every blocked task go',
  'transition-cancelled': 'lets every blocked task go',
  'transition-reversed': 'lets every blocked task go',
  'transition-forced': 'looks where every blocked task sleeps',
  'transition-tried': 'says of everyone who failed the first try that it is in the way',
  'transition-finishing': {
    kind: 'transition-finishing',
    patch,
    direction,
    tryBeganMonoNs: '8000000000',
    lastSwitchedMonoNs: '8500000000',
  },
  'transition-signalled': { kind: 'transition-signalled', patch, direction, round: 1 },
  'task-switched': { kind: 'task-switched', ...anyTask, cpu: 1, way: 'schedule', to: 1 },
  'tasks-switched': { kind: 'tasks-switched', counts: { schedule: 5 } },
  'task-blocked': { ...sleeperBlocked, tid: 77, pid: 77 },
  'task-inspected': { kind: 'task-inspected', tid: 1007, stack: ['g'], blame: 'another program' },
  'task-tries': { kind: 'task-tries', tries: [[1007, 9]] },
  'tasks-observed': {
    ...tasksObserved([aTask(1007, 1, 'klpt-sleeper'), aTask(9, 0)], 7),
    complete: false,
    gone: [1008],
  },
  'object-patched': { kind: 'object-patched', patch, object: 'vmlinux' },
  'object-unpatched': { kind: 'object-unpatched', patch, object: 'vmlinux' },
  'module-coming': { kind: 'module-coming', object: 'm' },
  'module-going': { kind: 'module-going', object: 'm' },
  'module-refused': { kind: 'module-refused', object: 'm', cause: 'c' },
  'callbacks-registered': 'asks of every shadow id who uses it',
  'callback-entered': 'asks of every shadow id who uses it',
  'callback-called': 'asks of every shadow id who uses it',
  'callback-skipped': 'asks of every shadow id who uses it',
  'state-registered': 'asks of every shadow id who uses it',
  'function-counting-changed': {
    kind: 'function-counting-changed',
    budgetPerS: 1,
    functions: [{ ...probe, status: 'on' }],
  },
  'function-calls': {
    kind: 'function-calls',
    second: 9,
    calls: [{ ...probe, entered: 1, redirected: 1, old: 0 }],
  },
  'shadow-allocated': { kind: 'shadow-allocated', ...shadow, sizeBytes: 8 },
  'shadow-found': { kind: 'shadow-found', ...shadow },
  'shadow-duplicate': { kind: 'shadow-duplicate', ...shadow },
  'shadow-alloc-failed': { kind: 'shadow-alloc-failed', ...shadow, sizeBytes: 8 },
  'shadow-freed': { kind: 'shadow-freed', ...shadow },
  'shadow-freed-all': { kind: 'shadow-freed-all', id: '0x5', count: 1, ...anyTask },
  'shadow-free-missed': { kind: 'shadow-free-missed', ...shadow },
  'shadow-adopted': { kind: 'shadow-adopted', restarts: 0, complete: true },
  'shadow-checked': 'says something of every shadow id',
  'shadow-counts': 'says something of every shadow id',
  custom: { kind: 'custom', probe: 'p', what: 'line', fields: [{ value: 'v' }] },
}

describe('what one event costs, to fold it and to write what follows from it', () => {
  const dir = useTemporaryDir()
  let states: CoreState[] = []
  beforeAll(() => {
    states = [crowd(few), crowd(many)]
  })

  it.each(eventKinds)('%s: about the same among a hundred tasks and findings as among a thousand', (kind) => {
    const happening = oneOfEach[kind]
    if (typeof happening === 'string') return
    const [little = 0, more = 0] = states.map((before, index) => {
      const database = openDatabase(dir.path(`${index}.db`))
      const tables = createDerivedTables(database)
      const event = numberEvent(before, { ...happening, monoNs: '9000000000' } as Parameters<
        typeof numberEvent
      >[1])
      const steps = stepsOfWork(() => {
        const [state, effects] = reduce(before, event)
        tables.take(before, { event, state, effects }, 9_000_000_000n)
        tables.flush?.()
      })
      database.close()
      return steps
    })
    expect(more).toBeLessThan(1.5 * little + 40)
  })
})
