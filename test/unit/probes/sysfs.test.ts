import { describe, expect, it } from 'vitest'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import { attachedRecord, startRecords, sysfs, sysfsPatch } from '../support/raw.ts'

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

  it('tells unpatching by a patch that is not enabled', () => {
    const [, [, started] = []] = decodeAll(sysfs('1'), sysfs('2', sysfsPatch('p', 0, 1)))
    expect(started).toMatchObject({ kind: 'transition-started', direction: 'unpatching' })
  })

  it('ends one transition before it announces the next', () => {
    const events = decodeAll(sysfs('1', sysfsPatch('p', 1, 1)), sysfs('2', sysfsPatch('q', 1, 1)))
    expect(kinds(events)[1]).toEqual(['patches-observed', 'transition-completed', 'transition-started'])
  })
})

describe('with the probes attached', () => {
  const start = startRecords(5, 'p', 1)

  it('leaves announcing to them', () => {
    const events = decodeAll(attachedRecord, sysfs('1', sysfsPatch('p', 1, 1)), ...start)
    expect(kinds(events).flat().slice(1)).toEqual(['patches-observed', 'transition-started'])
  })

  it('overrules them only when they disagree three times in a row', () => {
    const idle = sysfsPatch('p', 1, 0)
    const events = decodeAll(attachedRecord, ...start, sysfs('1', idle), sysfs('2', idle), sysfs('3', idle))
    expect(kinds(events).slice(-3)).toEqual([['patches-observed'], [], ['transition-completed']])
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
