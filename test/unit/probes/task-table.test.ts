import { describe, expect, it } from 'vitest'
import type { ObservedTask } from '../../../daemon/contract/event-parts.ts'
import { freshContext } from '../../../daemon/probes/probe-set.ts'
import { observeTasks, parseProcfs } from '../../../daemon/probes/task-table.ts'

const aThread = (fields: Partial<ObservedTask> = {}): ObservedTask => ({
  tid: 7,
  pid: fields.tid ?? 7,
  startNs: '5000',
  patchState: -1,
  comm: 'bash',
  kthread: false,
  cpu: 1,
  ...fields,
})

it('parseProcfs tells kernel threads from others by their flag alone', () => {
  const kthread = (flags: number) =>
    parseProcfs([
      { tid: 1, pid: 1, startTicks: '1', patchState: '0', flags: String(flags), comm: 'kworker', cpu: 0 },
    ])[0]?.kthread
  expect([kthread(0x200000), kthread(0x4208060), kthread(0x400100), kthread(0)]).toEqual([
    true,
    true,
    false,
    false,
  ])
})

it('parseProcfs reads /proc, start times from clock ticks', () => {
  const raw = {
    tid: 5,
    pid: 4,
    startTicks: '123',
    patchState: '1',
    flags: String(0x200040),
    comm: 'k',
    cpu: 3,
  }
  expect(parseProcfs([raw])).toEqual([
    { tid: 5, pid: 4, startNs: '1230000000', patchState: 1, comm: 'k', kthread: true, cpu: 3 },
  ])
})

describe('observeTasks', () => {
  const observe = (...snapshots: Partial<ObservedTask>[][]) => {
    const context = freshContext()
    const events = snapshots.map((tasks) => observeTasks(context, tasks.map(aThread), 'iterator', '1'))
    return { context, events }
  }

  it('tells the whole table first, then only what changed and who is gone', () => {
    const { events } = observe(
      [{ tid: 1 }, { tid: 2 }, { tid: 3 }],
      [{ tid: 1, patchState: 0 }, { tid: 3 }, { tid: 4 }],
      [{ tid: 1, patchState: 0 }, { tid: 3 }, { tid: 4 }],
    )
    expect(events.map((event) => event.kind === 'tasks-observed' && event)).toMatchObject([
      { complete: true, total: 3, changed: [{ tid: 1 }, { tid: 2 }, { tid: 3 }], gone: [] },
      { complete: false, total: 3, changed: [{ tid: 1, patchState: 0 }, { tid: 4 }], gone: [2] },
      { complete: false, total: 3, changed: [], gone: [] },
    ])
  })

  it('takes a renamed task and a reused tid for changes', () => {
    const { context } = observe([{ tid: 1 }, { tid: 2 }])
    const threads = [aThread({ tid: 1, comm: 'renamed' })]
    const reused = aThread({ tid: 2, startNs: '9999' })
    const event = observeTasks(context, [...threads, reused], 'iterator', '2')
    expect(event).toMatchObject({
      changed: [
        { tid: 1, comm: 'renamed' },
        { tid: 2, startNs: '9999' },
      ],
    })
  })

  it('counts idle tasks in, and knows how many remain only while a transition is known', () => {
    const context = freshContext()
    context.idle.set(0, { patchState: 0, asOfMonoNs: '1', readMonoNs: '7' })
    context.idle.set(1, { patchState: 1, asOfMonoNs: '2', readMonoNs: '6' })
    const threads = [aThread({ tid: 1, patchState: 0 }), aThread({ tid: 2, patchState: 1 })]
    expect(observeTasks(context, threads, 'iterator', '1')).toMatchObject({ total: 4, remaining: null })
    context.transition = {
      patch: 'p',
      target: 1,
      generation: '0',
      toldBy: 'probe',
      startToCome: false,
      reversing: false,
    }
    expect(observeTasks(context, threads, 'iterator', '2')).toMatchObject({ total: 4, remaining: 2 })
  })

  it('says when idle tasks were read, and since when each is as it is: no snapshot shows them', () => {
    const context = freshContext()
    context.idle.set(0, { patchState: 0, asOfMonoNs: '1', readMonoNs: '7' })
    context.idle.set(1, { patchState: 1, asOfMonoNs: '2', readMonoNs: '6' })
    expect(observeTasks(context, [], 'iterator', '9')).toMatchObject({
      idleAsOfMonoNs: '6',
      changed: [
        { cpu: 0, asOfMonoNs: '1' },
        { cpu: 1, asOfMonoNs: '2' },
      ],
    })
  })
})
