import { describe, expect, it } from 'vitest'
import { type DecodeContext, freshContext } from '../../../daemon/probes/probe-set.ts'
import { listRecords } from '../../../daemon/probes/task-list.ts'
import { transition } from '../../../daemon/probes/transition.ts'
import { recordKind } from '../../../daemon/raw/enums.ts'
import type { TracerRecord } from '../../../daemon/raw/records.ts'
import { recordOf, taskId } from '../support/probe.ts'
import { decodeWith } from '../support/tracer-records.ts'

const decoders = { ...listRecords, ...transition.decoders }
const decode = (context: DecodeContext, ...records: TracerRecord[]) =>
  records.flatMap((record) => decodeWith(decoders, record, context))

const all = (monoNs: bigint, patchState: number): TracerRecord[] => [
  recordOf('task', { monoNs, task: taskId(7), patchState }),
  recordOf('task', { monoNs, task: taskId(8), patchState }),
  recordOf('tasks-end', { monoNs, list: recordKind.task, rows: 2, complete: true }),
]
const waitedFor = (monoNs: bigint, ...tids: number[]): TracerRecord[] => [
  ...tids.map((tid) => recordOf('task-waited-for', { monoNs, task: taskId(tid) })),
  recordOf('tasks-end', {
    monoNs,
    list: recordKind['task-waited-for'],
    rows: tids.length,
    complete: true,
  }),
]
const asked = recordOf('transition-asked', { monoNs: 10n, by: taskId(9), parent: taskId(1) })
const started = recordOf('transition-started', { monoNs: 30n, target: 1, patch: 'p' })

describe('the list of those that a transition waits for', () => {
  it('tells who has switched: all that are not in it', () => {
    const context = freshContext()
    decode(context, asked, started, ...all(40n, 0))
    expect(decode(context, ...waitedFor(50n, 8))).toMatchObject([
      { kind: 'tasks-observed', remaining: 1, changed: [{ tid: 7, patchState: 1 }] },
    ])
  })

  it('says while the transition is asked for, but has not started, only that time passes', () => {
    const context = freshContext()
    decode(context, ...all(1n, -1), asked)
    const before = context.tasks
    expect(decode(context, ...waitedFor(20n, 7, 8))).toMatchObject([
      {
        kind: 'tasks-observed',
        monoNs: '20',
        complete: false,
        total: 2,
        remaining: null,
        changed: [],
        gone: [],
      },
    ])
    expect(context.tasks).toBe(before)
  })

  it('says nothing when no transition is asked for, and nothing before all tasks were listed', () => {
    const context = freshContext()
    expect(decode(context, asked, ...waitedFor(20n, 7))).toEqual([])
    expect(decode(freshContext(), ...waitedFor(20n, 7))).toEqual([])
  })

  it('is void when it was begun before the transition made its last step', () => {
    const context = freshContext()
    decode(context, ...all(1n, 0), asked, started)
    expect(decode(context, ...waitedFor(29n, 7, 8))).toEqual([])
  })

  it('is void when rows of it are missing', () => {
    const context = freshContext()
    decode(context, ...all(1n, 0), asked, started)
    expect(decode(context, ...waitedFor(50n, 7, 8).slice(1))).toEqual([])
  })
})
