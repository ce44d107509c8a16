import { describe, expect, it } from 'vitest'
import { initialState } from '../../../daemon/core/core-state.ts'
import { createEngine } from '../../../daemon/engine.ts'
import { switchWay } from '../../../daemon/raw/enums.ts'
import { probe, startRecords, taskList } from '../support/probe.ts'
import { attachedRecord, sysfs, sysfsPatch } from '../support/raw.ts'

// As the tracer and /dev/kmsg told it on Linux 6.1, in one transition each.
const swapper = { tid: 0, pid: 0, startBootNs: 0n, cpu: 0, flags: 0x200002, comm: 'swapper/0' }
const blockedRecord = probe('task-blocked', { monoNs: 245_939_582_060n, task: swapper, error: -16, state: 0 })
const switchedRecord = probe('task-switched', {
  monoNs: 246_203_174_280n,
  task: swapper,
  way: switchWay.IDLE_LOOP,
})
const logLine = '7,403,31160914,-;livepatch: klp_try_switch_task: swapper/1:0 is running'
const idleRecord = (ofCpu: number, patchState: number) =>
  probe('idle-task', { monoNs: 245_950_000_000n, ofCpu, patchState })

const anEngine = () => {
  const engine = createEngine(initialState, [])
  return { engine, blocked: () => [...engine.state().blocked] }
}

describe('an idle task that blocks a transition', () => {
  it('is the one of its CPU, from the first try that fails until its own loop switches it', () => {
    const { engine, blocked } = anEngine()
    for (const record of [attachedRecord, ...startRecords(1n, 'p', 1), blockedRecord]) engine.ingest(record)
    expect(blocked()).toMatchObject([
      [-1, { tid: 0, comm: 'swapper/0', reason: 'running', kthread: true, idle: true, cpu: 0, state: 'R' }],
    ])
    engine.ingest(switchedRecord)
    expect(blocked()).toEqual([])
  })

  it('is in the table of tasks by what its CPU’s run queue holds, in no listing though it is', () => {
    const { engine, blocked } = anEngine()
    for (const record of [attachedRecord, ...startRecords(1n, 'p', 1), blockedRecord]) engine.ingest(record)
    for (const record of [idleRecord(0, 0), idleRecord(1, 1)]) engine.ingest(record)
    for (const record of taskList(246_000_000_000n, [{ tid: 7, patchState: 1 }])) engine.ingest(record)
    expect(engine.state().taskCounts).toMatchObject({ total: 3, patched: 2, unpatched: 1, idle: 2 })
    expect(blocked().map(([key]) => key)).toEqual([-1])
  })

  it('is told by the kernel log where no probe does', () => {
    const { engine, blocked } = anEngine()
    for (const record of [sysfs('1'), sysfs('1', sysfsPatch('p', 1, 1))]) engine.ingest(record)
    engine.ingest({ monoNs: '2', source: 'kernel-log', line: logLine })
    // Nobody lists tasks: it would never be seen to leave.
    expect(blocked()).toEqual([])
    const init = { tid: 1, pid: 1, startTicks: '1', patchState: '1', flags: '0', comm: 'init', cpu: 0 }
    engine.ingest({ monoNs: '3', source: 'procfs-tasks', tasks: [init] })
    engine.ingest({ monoNs: '4', source: 'kernel-log', line: logLine.replace(/^(\d+),\d+/, '$1,999999') })
    expect(blocked()).toMatchObject([
      [-2, { tid: 0, comm: 'swapper/1', reason: 'running', kthread: true, idle: true, cpu: 1 }],
    ])
  })

  it('is not told twice: with probes, the log is left alone', () => {
    const { engine, blocked } = anEngine()
    for (const record of [attachedRecord, ...startRecords(1n, 'p', 1)]) engine.ingest(record)
    engine.ingest({ monoNs: '2', source: 'kernel-log', line: logLine })
    expect(blocked()).toEqual([])
  })
})
