import { describe, expect, it } from 'vitest'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import { switchWay } from '../../../daemon/raw/enums.ts'
import { probe, startRecords } from '../support/probe.ts'
import { attachedRecord, sysfs, sysfsPatch } from '../support/raw.ts'

const reverse = (monoNs: bigint, target: number) => probe('transition-reversed', { monoNs, target })
const end = (monoNs: bigint, patch: string, target: number) =>
  probe('transition-ended', { monoNs, patch, target })
const cancel = probe('transition-cancelled', { by: { pid: 30, tid: 31, comm: 'insmod' }, target: 1 })

const decodeAll = (...records: Parameters<ReturnType<typeof createDecoder>['decode']>[0][]) => {
  const decoder = createDecoder()
  return [attachedRecord, ...records].flatMap((record) => decoder.decode(record)).slice(1)
}

it('tells who asked for a transition', () => {
  expect(decodeAll(...startRecords(5n, 'p', 1))).toEqual([
    {
      kind: 'transition-started',
      monoNs: '5',
      patch: 'p',
      direction: 'patching',
      replace: true,
      adopted: false,
      requester: { pid: 10, comm: 'insmod', parentPid: 9, parentComm: 'bash' },
      pid: 10,
      tid: 11,
      comm: 'insmod',
    },
  ])
})

it('target 0 is unpatching', () => {
  expect(decodeAll(...startRecords(1n, 'p', 0), end(2n, 'p', 0))).toMatchObject([
    { kind: 'transition-started', direction: 'unpatching' },
    { kind: 'transition-completed', direction: 'unpatching' },
  ])
})

describe('a reversal', () => {
  it('has the new direction, and the start that follows is no second transition', () => {
    expect(
      decodeAll(...startRecords(1n, 'p', 1), reverse(2n, 1), ...startRecords(3n, 'p', 0), end(4n, 'p', 0)),
    ).toMatchObject([
      { kind: 'transition-started', direction: 'patching' },
      { kind: 'transition-reversed', direction: 'unpatching' },
      { kind: 'transition-completed', direction: 'unpatching' },
    ])
  })

  it('can be reversed again', () => {
    expect(
      decodeAll(
        ...startRecords(1n, 'p', 1),
        reverse(2n, 1),
        ...startRecords(3n, 'p', 0),
        reverse(4n, 0),
        ...startRecords(5n, 'p', 1),
      ).slice(1),
    ).toMatchObject([
      { kind: 'transition-reversed', direction: 'unpatching' },
      { kind: 'transition-reversed', direction: 'patching' },
    ])
  })

  it('of one that only sysfs showed is seen too', () => {
    const decoder = createDecoder()
    decoder.decode(sysfs('1'))
    decoder.decode(sysfs('1', sysfsPatch('p', 1, 1)))
    decoder.decode(attachedRecord)
    expect(
      [reverse(2n, 1), ...startRecords(3n, 'p', 0)].flatMap((record) => decoder.decode(record)),
    ).toMatchObject([{ kind: 'transition-reversed', direction: 'unpatching' }])
  })

  it('of one that had begun before the first look, and of which sysfs could not tell the direction', () => {
    const decoder = createDecoder()
    decoder.decode(sysfs('1', sysfsPatch('p', 0, 1)))
    decoder.decode(attachedRecord)
    expect(decoder.decode(reverse(2n, 0))).toMatchObject([
      { kind: 'transition-started', patch: 'p', direction: 'unpatching', adopted: true },
      { kind: 'transition-reversed', direction: 'patching' },
    ])
  })
})

describe('a cancelled transition', () => {
  it('ends as cancelled, by whom, and does not taint the next one', () => {
    expect(decodeAll(cancel, end(2n, 'p', 0), ...startRecords(3n, 'p', 1), end(4n, 'p', 1))).toMatchObject([
      { kind: 'transition-cancelled', direction: 'patching', pid: 30, tid: 31, comm: 'insmod' },
      { kind: 'transition-started' },
      { kind: 'transition-completed' },
    ])
  })
})

it('forcing is told with its direction and who did it', () => {
  const force = probe('transition-forced', { monoNs: 2n, by: { pid: 40, tid: 41, comm: 'bash' }, target: 1 })
  expect(decodeAll(...startRecords(1n, 'p', 1), force)[1]).toMatchObject({
    kind: 'transition-forced',
    direction: 'patching',
    pid: 40,
    tid: 41,
  })
})

describe('counts kept in the kernel', () => {
  const generation = 5n
  const switched = (tasks: bigint, monoNs: bigint) =>
    probe('tasks-switched', { monoNs, generation, way: switchWay.TRANSITION_WORKER, tasks })

  it('belong to the running transition; those of another are left out', () => {
    const events = decodeAll(
      ...startRecords(5n, 'p', 1),
      probe('task-tries', { monoNs: 8n, generation, tid: 264, tries: 3n }),
      probe('task-tries', { monoNs: 8n, generation, tid: 0, cpu: 2, tries: 1n }),
      probe('task-tries', { monoNs: 8n, generation: 77n, tid: 5, tries: 9n }),
      switched(80n, 8n),
      probe('tasks-switched', { monoNs: 9n, generation, way: switchWay.KERNEL_EXIT, tasks: 4n }),
      probe('tasks-switched', { monoNs: 9n, generation: 77n, way: 1, tasks: 999n }),
      probe('canary'),
    )
    expect(events.slice(1)).toEqual([
      {
        kind: 'task-tries',
        monoNs: '9',
        tries: [
          [264, 3],
          [-3, 1],
        ],
      },
      { kind: 'tasks-switched', monoNs: '9', counts: { 'transition-worker': 80, 'kernel-exit': 4 } },
    ])
  })

  it('are told again only when they changed, and a last time at the end', () => {
    const events = decodeAll(
      ...startRecords(5n, 'p', 1),
      switched(1n, 6n),
      probe('canary'),
      switched(1n, 7n),
      probe('canary'),
      switched(2n, 8n),
      end(9n, 'p', 1),
    )
    expect(events.map((event) => event.kind)).toEqual([
      'transition-started',
      'tasks-switched',
      'tasks-switched',
      'transition-completed',
    ])
  })
})

describe('blocked and switched tasks', () => {
  const blocked = (errno: number, tid = 264) =>
    probe('task-blocked', {
      task: { tid, pid: tid, cpu: 1, flags: 0x200000, comm: 'name' },
      error: -errno,
      function: errno === 98 ? 'f' : '',
      state: 1,
    })

  it.each([
    [16, 'running', undefined],
    [22, 'unreliable-stack', undefined],
    [98, 'sleeping-on-function', 'f'],
    [5, 'unknown', undefined],
  ])('errno %i means %s', (errno, reason, fn) => {
    const [event] = decodeAll(blocked(errno))
    expect(event).toMatchObject({
      kind: 'task-blocked',
      errno,
      reason,
      kthread: true,
      idle: false,
      state: 'S',
    })
    expect(event && 'function' in event ? event.function : undefined).toBe(fn)
  })

  it('tid 0 is an idle task', () =>
    expect(decodeAll(blocked(16, 0))[0]).toMatchObject({ idle: true, cpu: 1 }))

  it.each([
    [0, 'R'],
    [1, 'S'],
    [2, 'D'],
    [0x402, 'I'],
    [4, 'T'],
    [8, 't'],
    [0x1000, '?'],
  ])('state %i is shown as %s, as ps(1) does', (state, letter) => {
    const [event] = decodeAll(probe('task-blocked', { error: -16, state }))
    expect(event).toMatchObject({ state: letter })
  })

  it.each([
    [1, 'transition-worker'],
    [2, 'schedule'],
    [3, 'kernel-exit'],
    [4, 'idle-loop'],
    [5, 'forced'],
    [6, 'forked'],
    [9, 'snapshot'],
  ])('way %i is %s', (way, name) => {
    const [, event] = decodeAll(
      ...startRecords(1n, 'p', 1),
      probe('task-switched', { monoNs: 7n, task: { tid: 264, pid: 264 }, way }),
    )
    expect(event).toMatchObject({ kind: 'task-switched', way: name, to: 1 })
  })
})
