import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { freshContext } from '../../../daemon/probes/probe-set.ts'
import { observeTasks, parseIterator, parseProcfs } from '../../../daemon/probes/task-table.ts'
import { iteratorRecord } from '../support/raw.ts'

describe('parseIterator', () => {
  it('reads a record', () => {
    expect(parseIterator('264 263 40437860253 0 208040 1 klpt-sleeper\tklpscope-end-of-task\n')).toEqual([
      {
        tid: 264,
        pid: 263,
        startNs: '40437860253',
        patchState: 0,
        comm: 'klpt-sleeper',
        kthread: true,
        cpu: 1,
      },
    ])
  })

  it('tells kernel threads from others by their flag alone', () => {
    const kthread = (flags: string) => parseIterator(iteratorRecord({ flags }))[0]?.kthread
    expect([kthread('200000'), kthread('4208060'), kthread('400100'), kthread('0')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('takes a patch state it does not know for undefined', () => {
    const states = [-1, 0, 1, 7].map(
      (patchState) => parseIterator(iteratorRecord({ patchState }))[0]?.patchState,
    )
    expect(states).toEqual([-1, 0, 1, -1])
  })

  it('reads nothing from nothing', () => expect(parseIterator('')).toEqual([]))

  it.each([
    'two\nlines',
    '\n',
    '',
    '"quotes"\\',
    '\tklpscope-end',
    '\tklpscope-end-',
    'klpscope-end-of',
    '1 2 3 4 5 6 x',
    '\x1b[31mred',
    '\uFFFD\uFFFD',
    '\0',
  ])('keeps the hostile name %j and the records around it', (comm) => {
    const text = iteratorRecord({ tid: 1 }) + iteratorRecord({ tid: 2, comm }) + iteratorRecord({ tid: 3 })
    const tasks = parseIterator(text)
    expect(tasks.map((task) => task.tid)).toEqual([1, 2, 3])
    expect(tasks[1]?.comm).toBe(comm)
  })

  it('no name that the kernel allows can forge or hide a record', () => {
    // 15 bytes, and most dangerous when made of what the format itself is made of.
    const piece = fc.constantFrom('\t', '\n', 'klpscope', '-end', '-of', '-task', ' ', '1', '"', '\\', 'a')
    const comm = fc.array(piece, { maxLength: 15 }).map((pieces) => pieces.join('').slice(0, 15))
    fc.assert(
      fc.property(fc.array(comm, { maxLength: 6 }), (comms) => {
        const text = comms.map((name, index) => iteratorRecord({ tid: index + 1, comm: name })).join('')
        expect(parseIterator(text).map((task) => task.comm)).toEqual(comms)
      }),
    )
  })

  it('refuses a text that is cut off anywhere: a part must not pass for the whole', () => {
    const text = iteratorRecord({ tid: 1 }) + iteratorRecord({ tid: 2 })
    const first = iteratorRecord({ tid: 1 }).length
    for (let end = 1; end < text.length; end++) {
      // Between two records nothing shows that one is missing.
      if (end === first) continue
      expect(() => parseIterator(text.slice(0, end)), `cut at ${end}`).toThrow()
    }
  })

  it.each(['x 1 1 0 0 0 bash', '1 1 1 0 0 bash', '-1 1 1 0 0 0 bash', '1 1 1 0 zz 0 bash'])(
    'refuses the record %j',
    (record) => expect(() => parseIterator(`${record}\tklpscope-end-of-task\n`)).toThrow('not a task record'),
  )
})

it('parseProcfs reads the same from /proc, start times from clock ticks', () => {
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
  const observe = (...snapshots: Parameters<typeof iteratorRecord>[0][][]) => {
    const context = freshContext()
    const events = snapshots.map((tasks) =>
      observeTasks(context, parseIterator(tasks.map(iteratorRecord).join('')), 'iterator', '1'),
    )
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
    const threads = [...parseIterator(iteratorRecord({ tid: 1, comm: 'renamed' }))]
    const reused = { ...parseIterator(iteratorRecord({ tid: 2 }))[0], startNs: '9999' }
    const event = observeTasks(context, [...threads, reused as (typeof threads)[0]], 'iterator', '2')
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
    const threads = parseIterator(
      iteratorRecord({ tid: 1, patchState: 0 }) + iteratorRecord({ tid: 2, patchState: 1 }),
    )
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
