import { describe, expect, it } from 'vitest'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import {
  attachedRecord,
  bpftrace,
  mapLine,
  startRecords,
  sysfs,
  sysfsPatch,
  tupleLine,
} from '../support/raw.ts'

const line = (...data: unknown[]) => bpftrace(tupleLine(...data))
const reverse = (ns: number, target: number) => line('transition.reverse', 1, ns, target, 20, 20, 'bash')
const end = (ns: number, patch: string, target: number) => line('transition.end', 1, ns, patch, target)
const cancel = line('transition.cancel', 1, 1, 1, 30, 31, 'insmod')

const decodeAll = (...records: Parameters<ReturnType<typeof createDecoder>['decode']>[0][]) => {
  const decoder = createDecoder()
  return [attachedRecord, ...records].flatMap((record) => decoder.decode(record)).slice(1)
}

it('tells who asked for a transition', () => {
  expect(decodeAll(...startRecords(5, 'p', 1))).toEqual([
    {
      kind: 'transition-started',
      monoNs: '1000000005',
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
  expect(decodeAll(...startRecords(1, 'p', 0), end(2, 'p', 0))).toMatchObject([
    { kind: 'transition-started', direction: 'unpatching' },
    { kind: 'transition-completed', direction: 'unpatching' },
  ])
})

describe('a reversal', () => {
  it('has the new direction, and the start that follows is no second transition', () => {
    expect(
      decodeAll(...startRecords(1, 'p', 1), reverse(2, 1), ...startRecords(3, 'p', 0), end(4, 'p', 0)),
    ).toMatchObject([
      { kind: 'transition-started', direction: 'patching' },
      { kind: 'transition-reversed', direction: 'unpatching' },
      { kind: 'transition-completed', direction: 'unpatching' },
    ])
  })

  it('can be reversed again', () => {
    expect(
      decodeAll(
        ...startRecords(1, 'p', 1),
        reverse(2, 1),
        ...startRecords(3, 'p', 0),
        reverse(4, 0),
        ...startRecords(5, 'p', 1),
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
      [reverse(2, 1), ...startRecords(3, 'p', 0)].flatMap((record) => decoder.decode(record)),
    ).toMatchObject([{ kind: 'transition-reversed', direction: 'unpatching' }])
  })

  it('of one that had begun before the first look, and of which sysfs could not tell the direction', () => {
    const decoder = createDecoder()
    decoder.decode(sysfs('1', sysfsPatch('p', 0, 1)))
    decoder.decode(attachedRecord)
    expect(decoder.decode(reverse(2, 0))).toMatchObject([
      { kind: 'transition-started', patch: 'p', direction: 'unpatching', adopted: true },
      { kind: 'transition-reversed', direction: 'patching' },
    ])
  })
})

describe('a cancelled transition', () => {
  it('ends as cancelled, by whom, and does not taint the next one', () => {
    expect(decodeAll(cancel, end(2, 'p', 0), ...startRecords(3, 'p', 1), end(4, 'p', 1))).toMatchObject([
      { kind: 'transition-cancelled', direction: 'patching', pid: 30, tid: 31, comm: 'insmod' },
      { kind: 'transition-started' },
      { kind: 'transition-completed' },
    ])
  })
})

it('forcing is told with its direction and who did it', () => {
  const force = line('transition.force', 1, 2, 1, 40, 41, 'bash')
  expect(decodeAll(...startRecords(1, 'p', 1), force)[1]).toMatchObject({
    kind: 'transition-forced',
    direction: 'patching',
    pid: 40,
    tid: 41,
  })
})

describe('counts kept in the kernel', () => {
  const generation = '1000000005'

  it('belong to the running transition; those of another are left out', () => {
    const events = decodeAll(
      ...startRecords(5, 'p', 1),
      bpftrace(mapLine('@switched', { [`${generation},1`]: 80, [`${generation},3`]: 4, '77,1': 999 })),
      bpftrace(mapLine('@tries', { [`${generation},264,0`]: 3, [`${generation},0,2`]: 1, '77,5,0': 9 })),
      line('tasks.tick', 2, 0),
    )
    expect(events.slice(1)).toEqual([
      {
        kind: 'task-tries',
        monoNs: '2000000000',
        tries: [
          [264, 3],
          [-2, 1],
        ],
      },
      {
        kind: 'tasks-switched',
        monoNs: '2000000000',
        counts: { 'transition-worker': 80, 'kernel-exit': 4 },
      },
    ])
  })

  it('are told again only when they changed, and a last time at the end', () => {
    const map = (count: number) => bpftrace(mapLine('@switched', { [`${generation},1`]: count }))
    const events = decodeAll(
      ...startRecords(5, 'p', 1),
      map(1),
      line('tasks.tick', 2, 0),
      map(1),
      line('tasks.tick', 3, 0),
      map(2),
      end(9, 'p', 1),
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
    line('task.blocked', 1, 6, tid, tid, errno, errno === 98 ? 'f' : '', 2097152, 1, 1, 'name')

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
    const [event] = decodeAll(line('task.blocked', 1, 1, 2, 2, 16, '', 0, 0, state, 'x'))
    expect(event).toMatchObject({ state: letter })
  })

  it.each([
    [1, 'transition-worker'],
    [2, 'schedule'],
    [3, 'kernel-exit'],
    [4, 'idle-loop'],
    [5, 'forced'],
    [9, 'snapshot'],
  ])('way %i is %s', (way, name) => {
    const [, event] = decodeAll(
      ...startRecords(1, 'p', 1),
      line('task.switched', 1, 7, 264, 264, way, 0, 'name'),
    )
    expect(event).toMatchObject({ kind: 'task-switched', way: name, to: 1 })
  })
})
