import { expect, it } from 'vitest'
import { initialState } from '../../../daemon/core/core-state.ts'
import { createEngine } from '../../../daemon/engine.ts'
import { startRecords, taskList } from '../support/probe.ts'
import { sysfs, sysfsPatch } from '../support/raw.ts'

// As Linux 5.10 wrote it, of a thread that was younger than the last list.
const logLine = '7,414,49224256,-;livepatch: klp_try_switch_task: node:190 is running'
const second = 1_000_000_000n
const old = { tid: 7, comm: 'old', patchState: 0 }
const young = { tid: 190, comm: 'node', patchState: 0 }

const anEngine = () => {
  const engine = createEngine(initialState, [])
  const blocked = () => [...engine.state().blocked.values()].filter(({ reason }) => reason === 'running')
  for (const record of [sysfs('1'), ...taskList(second, [old])]) engine.ingest(record)
  for (const record of startRecords(2n * second, 'p', 1)) engine.ingest(record)
  engine.ingest(sysfs(String(2n * second), sysfsPatch('p', 1, 1)))
  engine.ingest({ monoNs: String(2n * second + 1n), source: 'kernel-log', line: logLine })
  return { engine, blocked }
}

it('a block that the log tells of a task that no list has shown is told with the next list', () => {
  const { engine, blocked } = anEngine()
  expect(blocked()).toEqual([])
  for (const record of taskList(3n * second, [old, young])) engine.ingest(record)
  expect(blocked()).toMatchObject([{ tid: 190, comm: 'node', reason: 'running', kthread: false }])
})

it('and not of another task that has got its number', () => {
  const { engine, blocked } = anEngine()
  for (const record of taskList(3n * second, [old, { ...young, comm: 'other' }])) engine.ingest(record)
  expect(blocked()).toEqual([])
})
