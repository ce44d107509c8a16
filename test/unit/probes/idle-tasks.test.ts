import { describe, expect, it } from 'vitest'
import { initialState } from '../../../daemon/core/core-state.ts'
import { createEngine } from '../../../daemon/engine.ts'
import { attachedRecord, bpftrace, iteratorRecord, startRecords, sysfs, sysfsPatch } from '../support/raw.ts'

// As bpftrace 0.17 and /dev/kmsg printed them on Linux 6.1, in one transition each.
const blockedLine =
  '{"type": "value", "data": ["task.blocked",245,939582060,0,0,16,"",2097152,0,0,"swapper/0"]}'
const switchedLine = '{"type": "value", "data": ["task.switched",246,203174280,0,0,4,0,"swapper/0"]}'
const logLine = '7,403,31160914,-;livepatch: klp_try_switch_task: swapper/1:0 is running'
const idleLine = (cpu: number, patchState: number) =>
  bpftrace(`{"type": "value", "data": ["idle",245,950000000,${cpu},${patchState}]}`)

const anEngine = () => {
  const engine = createEngine(initialState, [])
  return { engine, blocked: () => [...engine.state().blocked] }
}

describe('an idle task that blocks a transition', () => {
  it('is the one of its CPU, from the first try that fails until its own loop switches it', () => {
    const { engine, blocked } = anEngine()
    for (const record of [attachedRecord, ...startRecords(1, 'p', 1), bpftrace(blockedLine)])
      engine.ingest(record)
    expect(blocked()).toMatchObject([
      [-1, { tid: 0, comm: 'swapper/0', reason: 'running', kthread: true, idle: true, cpu: 0, state: 'R' }],
    ])
    engine.ingest(bpftrace(switchedLine))
    expect(blocked()).toEqual([])
  })

  it('is in the table of tasks by what its CPU’s run queue holds, in no listing though it is', () => {
    const { engine, blocked } = anEngine()
    for (const record of [attachedRecord, ...startRecords(1, 'p', 1), bpftrace(blockedLine)])
      engine.ingest(record)
    for (const record of [idleLine(0, 0), idleLine(1, 1)]) engine.ingest(record)
    engine.ingest({
      monoNs: '3000000000',
      source: 'task-iterator',
      text: iteratorRecord({ tid: 7, patchState: 1 }),
    })
    expect(engine.state().taskCounts).toMatchObject({ total: 3, patched: 2, unpatched: 1, idle: 2 })
    expect(blocked().map(([key]) => key)).toEqual([-1])
  })

  it('is told by the kernel log where no probe does', () => {
    const { engine, blocked } = anEngine()
    for (const record of [sysfs('1'), sysfs('1', sysfsPatch('p', 1, 1))]) engine.ingest(record)
    engine.ingest({ monoNs: '2', source: 'kernel-log', line: logLine })
    expect(blocked()).toMatchObject([
      [-2, { tid: 0, comm: 'swapper/1', reason: 'running', kthread: true, idle: true, cpu: 1 }],
    ])
  })

  it('is not told twice: with probes, the log is left alone', () => {
    const { engine, blocked } = anEngine()
    for (const record of [attachedRecord, ...startRecords(1, 'p', 1)]) engine.ingest(record)
    engine.ingest({ monoNs: '2', source: 'kernel-log', line: logLine })
    expect(blocked()).toEqual([])
  })
})
