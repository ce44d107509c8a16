import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventDraft } from '../../daemon/contract/event.ts'
import { type CoreState, initialState } from '../../daemon/core/core-state.ts'
import { numberEvent } from '../../daemon/core/number-event.ts'
import { reduce } from '../../daemon/core/reduce.ts'
import { openDatabase } from '../../daemon/store/open-database.ts'
import { createWriter, type WrittenStep } from '../../daemon/store/writer.ts'
import type { BenchOptions, HostBench, Section } from './bench.ts'
import { fixed } from './format.ts'
import { median } from './statistics.ts'

type Own<D> = D extends EventDraft ? Omit<D, 'monoNs'> : never

/** Folds events of one world, and keeps what the store would be given. */
const world = () => {
  let state = initialState
  let nowNs = 1_000_000_000n
  const steps: WrittenStep[] = []
  const tell = (happening: Own<EventDraft>): void => {
    nowNs += 1_000n
    const event = numberEvent(state, { ...happening, monoNs: String(nowNs) } as EventDraft)
    const [next, effects] = reduce(state, event)
    state = next
    steps.push({ event, state, effects, text: JSON.stringify(event) })
  }
  const wait = (seconds: number): void => {
    nowNs += BigInt(seconds) * 1_000_000_000n
  }
  return { tell, wait, steps, state: () => state }
}

const task = (tid: number) => ({ tid, pid: tid, comm: 'bench' })

/** A transition that every task holds up: each is blocked, looked at, shown by snapshots, and switched. */
const stall = (size: number) => {
  const tids = Array.from({ length: size }, (_, index) => 1_000 + index)
  const { tell, wait, steps, state } = world()
  const phases: { name: string; ms: number; events: number }[] = []
  const phase = (name: string, work: () => void): void => {
    const [begun, before] = [performance.now(), steps.length]
    work()
    phases.push({ name, ms: performance.now() - begun, events: steps.length - before })
  }
  const table = tids.map((tid) => ({
    ...task(tid),
    startNs: '1',
    patchState: 0 as const,
    kthread: false,
    cpu: 0,
  }))
  const host = {
    hostname: 'bench',
    kernel: '6.12',
    bootId: 'bench',
    cpus: 2,
    version: '0',
    stalledAfterMs: 10_000,
  }
  tell({ kind: 'tracer-started', ...host })
  tell({ kind: 'transition-started', patch: 'p', direction: 'patching', adopted: false })
  const blocked = {
    errno: 98,
    reason: 'sleeping-on-function',
    function: 'f',
    kthread: false,
    idle: false,
    cpu: 0,
  } as const
  const snapshot = { kind: 'tasks-observed', source: 'iterator', total: size, remaining: size } as const
  phase('task-blocked', () => {
    for (const tid of tids) tell({ kind: 'task-blocked', ...task(tid), ...blocked })
  })
  phase('task-inspected', () => {
    for (const tid of tids) tell({ kind: 'task-inspected', tid, stack: ['f+0x1/0x2'], blame: 'a program' })
  })
  wait(2)
  tell({ ...snapshot, complete: true, changed: table, gone: [] })
  const full = state()
  phase('tasks-observed, nothing changed', () => {
    for (let second = 0; second < 60; second++) {
      wait(1)
      tell({ ...snapshot, complete: false, changed: [], gone: [] })
    }
  })
  phase('task-switched', () => {
    for (const tid of tids) tell({ kind: 'task-switched', ...task(tid), cpu: 0, way: 'schedule', to: 1 })
  })
  tell({ kind: 'transition-completed', patch: 'p', direction: 'patching' })
  return { phases, full, steps }
}

/** What an event cost at least while each copied its map. @returns microseconds */
const copyUs = ({ blocked }: CoreState): number => {
  const plain = new Map(blocked)
  const times = Array.from({ length: 30 }, () => {
    const begun = performance.now()
    new Map(plain)
    return performance.now() - begun
  })
  return median(times) * 1000
}

/** The same into a record, all that follows from the events included. @returns milliseconds */
const writing = (steps: readonly WrittenStep[]): number => {
  const dir = mkdtempSync(join(tmpdir(), 'klpscope-bench-'))
  try {
    const database = openDatabase(join(dir, 'klpscope.db'))
    const writer = createWriter(database)
    const begun = performance.now()
    for (let at = 0; at < steps.length; at += 2_000)
      writer.write(steps[at - 1]?.state ?? initialState, steps.slice(at, at + 2_000), false)
    const ms = performance.now() - begun
    database.close()
    return ms
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const run = async ({ quick }: BenchOptions): Promise<Section[]> => {
  stall(500)
  const results = (quick ? [100, 1_000] : [1_000, 8_000, 50_000]).map((size) => {
    const { phases, full, steps } = stall(size)
    return { size, copyUs: copyUs(full), writingMs: writing(steps), events: steps.length, phases }
  })
  return [
    {
      title: 'Folding a transition that many tasks hold up, on this machine',
      columns: ['blocked tasks', 'event', 'µs each', 'copying the map, µs', 'x less'],
      rows: results.flatMap(({ size, copyUs, phases }) =>
        phases.map(({ name, ms, events }) => {
          const each = (ms / events) * 1000
          return [String(size), name, fixed(each, 1), fixed(copyUs, 0), fixed(copyUs / each, 0)]
        }),
      ),
      notes: [
        'Copying the map of blocked tasks once is what each of these events cost at least before it became a persistent one.',
        ...results.map(
          ({ size, events, phases, writingMs }) =>
            `${size} blocked tasks: ${events} events folded in ${fixed(
              phases.reduce((sum, { ms }) => sum + ms, 0),
              0,
            )} ms, written in ${fixed(writingMs, 0)} ms.`,
        ),
      ],
      data: results,
    },
  ]
}

/** What does one event cost when thousands of tasks are blocked? */
export const crowd: HostBench = {
  name: 'crowd',
  where: 'host',
  about: 'the cost of one event while thousands of tasks are blocked, against copying their map',
  run,
}
