import { describe, expect, it } from 'vitest'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { startRecords, taskList } from '../support/probe.ts'
import { attachedRecord, sysfs, sysfsPatch } from '../support/raw.ts'

const decodeAll = (...records: Parameters<ReturnType<typeof createDecoder>['decode']>[0][]) => {
  const decoder = createDecoder()
  return records.map((record) => decoder.decode(record))
}
const kinds = (events: { kind: string }[][]) => events.map((list) => list.map((event) => event.kind))

describe('without probes', () => {
  it('announces a transition at once, and its end', () => {
    const events = decodeAll(
      sysfs('1'),
      sysfs('2', sysfsPatch('p', 1, 1)),
      sysfs('3', sysfsPatch('p', 1, 1)),
      sysfs('4', sysfsPatch('p', 1, 0)),
    )
    expect(kinds(events)).toEqual([
      ['patches-observed'],
      ['patches-observed', 'transition-started'],
      [],
      ['patches-observed', 'transition-completed'],
    ])
    expect(events[1]?.[1]).toMatchObject({ patch: 'p', direction: 'patching', adopted: true })
  })

  it('tells unpatching by a patch that was enabled and is no longer', () => {
    const events = decodeAll(
      sysfs('1', sysfsPatch('p', 1, 0)),
      // Its pre_unpatch callbacks run.
      sysfs('2', sysfsPatch('p', 1, 1)),
      sysfs('3', sysfsPatch('p', 0, 1)),
    )
    expect(kinds(events).slice(1)).toEqual([['patches-observed'], ['patches-observed', 'transition-started']])
    expect(events[2]?.[1]).toMatchObject({ direction: 'unpatching', adopted: true })
  })

  it('says nothing of a transition while a new patch is not enabled: it may be in pre_patch for any time', () => {
    const loading = (monoNs: string) => sysfs(monoNs, sysfsPatch('p', 0, 1))
    const events = decodeAll(
      sysfs('1'),
      ...['2', '3', '4', '5', '6'].map(loading),
      sysfs('7', sysfsPatch('p', 1, 1)),
    )
    expect(kinds(events).slice(1, -1).flat()).toEqual(['patches-observed'])
    expect(events.at(-1)?.[1]).toMatchObject({ kind: 'transition-started', direction: 'patching' })
  })

  it('takes a change of `enabled` in the course of a transition for a reversal', () => {
    const events = decodeAll(
      sysfs('1'),
      sysfs('2', sysfsPatch('p', 1, 1)),
      sysfs('3', sysfsPatch('p', 0, 1)),
      sysfs('4'),
    )
    expect(kinds(events).flat()).toEqual([
      'patches-observed',
      'patches-observed',
      'transition-started',
      'patches-observed',
      'transition-reversed',
      'patches-observed',
      'transition-completed',
    ])
  })

  it('ends one transition before it announces the next', () => {
    const events = decodeAll(sysfs('0'), sysfs('1', sysfsPatch('p', 1, 1)), sysfs('2', sysfsPatch('q', 1, 1)))
    expect(kinds(events)[2]).toEqual(['patches-observed', 'transition-completed', 'transition-started'])
  })
})

describe('in transition since before the first look', () => {
  const tasks = (...patchStates: number[]): RawRecord[] =>
    taskList(
      5n,
      patchStates.map((patchState, index) => ({ tid: index + 1, patchState })),
    )
  const story = (enabled: 0 | 1, ...patchStates: number[]) => {
    const scan = sysfs('1', sysfsPatch('p', enabled, 1))
    return decodeAll(scan, ...tasks(...patchStates), scan)
      .flat()
      .filter((event) => event.kind === 'transition-started')
  }

  it.each([
    ['patching, when a task is not switched yet', 1, [1, 0, 1], 'patching'],
    ['unpatching, when a task is not switched yet', 0, [0, 1, 0], 'unpatching'],
  ] as const)('it is %s', (_, enabled, patchStates, direction) => {
    expect(story(enabled, ...patchStates)).toMatchObject([{ direction, adopted: true }])
  })

  it.each([
    ['a load in its pre_patch callback', 0, [0, 0]],
    ['a patch in its pre_unpatch callback', 1, [1, 1]],
    ['callbacks after the last task has switched', 1, [-1, -1]],
  ] as const)('%s is no transition, and neither direction is guessed', (_, enabled, patchStates) => {
    expect(story(enabled, ...patchStates)).toEqual([])
  })

  it('is not decided by one look, which a start may have fallen into', () => {
    expect(decodeAll(sysfs('1', sysfsPatch('p', 0, 1)), ...tasks(1, 0)).flat()).not.toContainEqual(
      expect.objectContaining({ kind: 'transition-started' }),
    )
  })
})

describe('with the probes attached', () => {
  const start = startRecords(5n, 'p', 1)

  it('leaves announcing to them', () => {
    const events = decodeAll(attachedRecord, sysfs('1', sysfsPatch('p', 1, 1)), ...start)
    expect(kinds(events).flat().slice(1)).toEqual(['patches-observed', 'transition-started'])
  })

  it('overrules them only when they disagree three times in a row', () => {
    const idle = sysfsPatch('p', 1, 0)
    const events = decodeAll(attachedRecord, ...start, sysfs('1', idle), sysfs('2', idle), sysfs('3', idle))
    expect(kinds(events).slice(-3)).toEqual([['patches-observed'], [], ['transition-completed']])
  })

  it.each([
    ['its pre_patch callbacks run', 0],
    ['klp_start_transition is on its way through many tasks', 1],
  ] as const)('never announces a patch that is being loaded, while %s', (_, enabled) => {
    const scans = ['2', '3', '4', '5', '6'].map((monoNs) => sysfs(monoNs, sysfsPatch('p', enabled, 1)))
    const [ask, ...rest] = startRecords(5n, 'p', 1)
    const events = decodeAll(attachedRecord, sysfs('1'), ask, ...scans, ...rest)
    expect(kinds(events).flat().slice(1)).toEqual([
      'patches-observed',
      'patches-observed',
      'transition-started',
    ])
    expect(events.at(-1)?.[0]).toMatchObject({ direction: 'patching', adopted: false })
  })

  it('tells of one that they have lost, and of its direction only what the files can mean', () => {
    const scans = (enabled: 0 | 1) =>
      ['2', '3', '4', '5'].map((monoNs) => sysfs(monoNs, sysfsPatch('p', enabled, 1)))
    const started = (enabled: 0 | 1) =>
      decodeAll(attachedRecord, sysfs('1'), ...scans(enabled))
        .flat()
        .filter((event) => event.kind === 'transition-started')
    expect(started(1)).toMatchObject([{ direction: 'patching', adopted: true, monoNs: '4' }])
    expect(started(0)).toEqual([])
  })

  it('does not count disagreements that were settled', () => {
    const idle = sysfs('1', sysfsPatch('p', 1, 0))
    const running = sysfs('1', sysfsPatch('p', 1, 1))
    const events = decodeAll(attachedRecord, ...start, idle, idle, running, idle, idle)
    expect(kinds(events).flat()).not.toContain('transition-completed')
  })
})

it('leaves out what the kernel does not tell, instead of inventing it', () => {
  const [[event] = []] = decodeAll(
    sysfs('1', {
      name: 'p',
      files: { enabled: '1', transition: '0' },
      objects: [{ name: 'm', patched: null, functions: ['f'] }],
    }),
  )
  expect(event).toEqual({
    kind: 'patches-observed',
    monoNs: '1',
    first: true,
    patches: [{ name: 'p', enabled: true, inTransition: false, objects: [{ name: 'm', functions: ['f'] }] }],
  })
})

it('reads all that newer kernels and the module tell', () => {
  const files = {
    enabled: '0',
    transition: '1',
    replace: '1',
    stack_order: '2',
    version: '1.2',
    srcversion: 'AB',
    refcnt: '3',
  }
  const [[event] = []] = decodeAll(sysfs('1', { name: 'p', files, objects: [] }))
  expect(event).toMatchObject({
    patches: [
      {
        enabled: false,
        inTransition: true,
        replace: true,
        stackOrder: 2,
        version: '1.2',
        srcversion: 'AB',
        refcount: 3,
      },
    ],
  })
})
