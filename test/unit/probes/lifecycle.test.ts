import { describe, expect, it } from 'vitest'
import type { EventDraft } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { bpftrace, tupleLine } from '../support/raw.ts'

/** Facts of an object: bits as in bpf/lifecycle.bt. */
const allCallbacks = 15
const enabled = 16
const patched = 32
const loaded = 128

const attached: RawRecord = {
  monoNs: '1',
  source: 'tracer',
  what: 'attached',
  probeSets: ['transition', 'lifecycle'].map((name) => ({ name, available: true })),
}
const kmsg = (monoNs: string, text: string): RawRecord => ({
  monoNs,
  source: 'kernel-log',
  line: `4,1,1,-;${text}`,
})
const sysfs = (monoNs: string): RawRecord => ({ monoNs, source: 'sysfs', patches: [] })

/** Decodes records given as tuples or as raw records; leaves out what is not about the life of patches. */
const story = (...steps: (unknown[] | RawRecord)[]): EventDraft[] => {
  const decoder = createDecoder()
  return [attached, ...steps]
    .flatMap((step) => decoder.decode(Array.isArray(step) ? bpftrace(tupleLine(...step)) : step))
    .filter((event) => !['tracer-attached', 'patches-observed'].includes(event.kind))
}
const short = (events: EventDraft[]): string[] =>
  events.map((event) => ('callback' in event ? `${event.kind} ${event.callback}` : event.kind))

const load = (patch: string, replace = 0) => ['patch.load', 10, 0, patch, '1.0', replace, 50, 51, 'insmod']
const loadedWith = (patch: string, errno: number) => ['patch.loaded', 10, 900, patch, errno, 50, 51, 'insmod']
const compatible = (patch: string, verdict = 1) => ['patch.compatible', 10, 1, patch, verdict]
const found = (moment: number, facts: number, patch = 'p') => [
  'object.found',
  10,
  2,
  moment,
  patch,
  'target',
  facts,
]

describe('a load', () => {
  it('that succeeds tells of callbacks, objects and states', () => {
    const events = story(
      load('p'),
      ['patch.state', 10, 0, 'p', 0, 7, 3],
      compatible('p'),
      found(1, allCallbacks | loaded),
      ['object.patched', 10, 3, 'p', 'target', 0, allCallbacks | enabled | patched | loaded],
      found(3, allCallbacks | enabled | patched | loaded),
      ['patch.settled', 10, 4, 'p', 1],
      loadedWith('p', 0),
    )
    expect(short(events)).toEqual([
      'patch-loading',
      'callbacks-registered',
      'callback-entered pre_patch',
      'callback-called pre_patch',
      'object-patched',
      'callback-called post_patch',
      'patch-enabled',
      'state-registered',
    ])
    expect(events[0]).toMatchObject({ patch: 'p', version: '1.0', pid: 50, tid: 51, comm: 'insmod' })
    expect(events[3]).toMatchObject({ object: 'target', returned: 0, basis: 'inferred' })
    expect(events[7]).toMatchObject({ id: '0x7', version: 3 })
  })

  it('whose pre-patch callback fails names the object and undoes nothing of it', () => {
    const events = story(
      load('p'),
      compatible('p'),
      found(1, allCallbacks | loaded),
      found(3, allCallbacks | loaded),
      ['patch.settled', 10, 4, 'p', 0],
      loadedWith('p', 1),
    )
    expect(short(events)).toEqual([
      'patch-loading',
      'callbacks-registered',
      'callback-entered pre_patch',
      'callback-called pre_patch',
      'patch-load-refused',
    ])
    expect(events[3]).toMatchObject({ returned: -1 })
    expect(events[4]).toMatchObject({ errno: 1, reason: 'pre-patch-failed', comm: 'insmod' })
  })

  it('that ftrace refuses waits for the function in the log, and its post_unpatch has run', () => {
    const facts = allCallbacks | enabled | loaded
    const events = story(
      load('p'),
      compatible('p'),
      found(1, allCallbacks | loaded),
      ['object.patched', 10, 3, 'p', 'target', 16, facts],
      found(3, facts),
      ['patch.settled', 10, 4, 'p', 0],
      loadedWith('p', 16),
      kmsg('10000500000', "livepatch: failed to register ftrace handler for function 'f' (-16)"),
    )
    expect(short(events).slice(3)).toEqual([
      'callback-called pre_patch',
      'callback-called post_unpatch',
      'patch-load-refused',
    ])
    expect(events.at(-1)).toMatchObject({
      reason: 'ftrace-conflict',
      cause: expect.stringContaining('f of target'),
      monoNs: '10000000900',
    })
  })

  it('without a line in the log is told with what is known', () => {
    const refused = story(
      load('p'),
      compatible('p'),
      ['object.resolved', 10, 3, 'p', 'target', 22],
      loadedWith('p', 22),
      sysfs('10100000000'),
      sysfs('11000000000'),
    )
    expect(short(refused)).toEqual(['patch-loading', 'patch-load-refused'])
    expect(refused[1]).toMatchObject({ reason: 'symbol-missing', cause: expect.stringContaining('error 22') })
  })

  it('during another transition says whose', () => {
    const events = story(
      ['transition.start', 9, 0, 'q', 1, 0],
      load('p'),
      compatible('p'),
      loadedWith('p', 16),
    )
    expect(events.at(-1)).toMatchObject({
      reason: 'transition-running',
      cause: expect.stringContaining('of q is still running'),
    })
  })

  it('of older states says which', () => {
    const events = story(
      load('new'),
      ['patch.state', 10, 0, 'new', 0, 1, 2],
      ['patch.state', 10, 0, 'new', 0, 2, 1],
      compatible('new'),
      loadedWith('new', 0),
      load('old', 1),
      ['patch.state', 10, 0, 'old', 0, 1, 1],
      compatible('old', 0),
      loadedWith('old', 22),
    )
    expect(events.at(-1)).toMatchObject({
      reason: 'state-incompatible',
      cause: expect.stringMatching(/state 0x1 has version 1, older than 2 of new; it lacks state 0x2/),
    })
  })
})

it('a module that is being loaded waits in the pre_patch callback of a patch that is in place', () => {
  const events = story(
    ['inventory.begin', 1],
    ['inventory.patch', 'p', 1, 0, 0],
    ['inventory.object', 'm', 0, 0, 0, 1],
    ['inventory.callbacks', 0xffffffff, 0xc0000000, 0, 0, 0, 0, 0, 0],
    ['inventory.end', 9, 0, 1, 1, 0, 1, 0, 1],
    ['module.coming', 10, 0, 'm'],
    ['object.resolved', 10, 1, 'p', 'm', 0],
    ['object.patched', 30, 0, 'p', 'm', 0, allCallbacks | enabled | patched | loaded],
  )
  expect(short(events).slice(0, 3)).toEqual([
    'module-coming',
    'callback-entered pre_patch',
    'callback-called pre_patch',
  ])
  expect(events[1]).toMatchObject({ patch: 'p', object: 'm', monoNs: '10000000001' })
})

describe('callbacks', () => {
  const inPlace = allCallbacks | enabled | patched | loaded

  it('of a replaced patch are skipped', () => {
    const events = story(['patch.replacing', 10, 0, 'q'], found(2, inPlace))
    expect(short(events)).toEqual([
      'patch-replaced',
      'callback-skipped pre_unpatch',
      'callback-skipped post_unpatch',
    ])
    expect(events[1]).toMatchObject({ reason: 'replaced', cause: expect.stringContaining('q replaced p') })
  })

  it('of a disabled patch run before and after', () => {
    const events = story(found(0, inPlace), found(3, inPlace), ['patch.settled', 11, 0, 'p', 0])
    expect(short(events)).toEqual([
      'callback-entered pre_unpatch',
      'callback-called pre_unpatch',
      'callback-called post_unpatch',
      'patch-disabled',
    ])
  })

  it('of a reversed load: only post_unpatch', () => {
    const events = story(found(1, allCallbacks | loaded), found(3, inPlace), ['patch.settled', 11, 0, 'p', 0])
    expect(short(events).slice(1)).toEqual([
      'callback-skipped post_patch',
      'callback-skipped pre_unpatch',
      'callback-called post_unpatch',
      'patch-disabled',
    ])
  })

  it('of a transition whose beginning nobody saw are not claimed to be skipped', () => {
    const events = story(found(3, inPlace), ['patch.settled', 11, 0, 'p', 0])
    expect(short(events)).toEqual(['callback-called post_unpatch', 'patch-disabled'])
  })
})

describe('a module under a patch', () => {
  const facts = allCallbacks | enabled | patched | loaded

  it('is patched when it comes and unpatched when it goes', () => {
    const events = story(
      ['module.coming', 10, 0, 'm'],
      ['object.resolved', 10, 1, 'p', 'm', 0],
      ['object.patched', 10, 2, 'p', 'm', 0, facts],
      ['module.came', 10, 3, 'm', 0],
      ['object.unpatched', 20, 1, 'p', 'm', facts, 1],
      ['module.gone', 20, 2, 'm'],
    )
    expect(short(events)).toEqual([
      'module-coming',
      'callback-called pre_patch',
      'object-patched',
      'callback-called post_patch',
      'module-going',
      'callback-called pre_unpatch',
      'object-unpatched',
      'callback-called post_unpatch',
    ])
  })

  it('is refused by the patch that does not fit it', () => {
    const events = story(
      kmsg('9990000000', "livepatch: symbol 'f' not found in symbol table"),
      ['module.coming', 10, 0, 'm'],
      ['object.resolved', 10, 1, 'p', 'm', 22],
      ['module.came', 10, 3, 'm', 22],
    )
    expect(short(events)).toEqual(['module-coming', 'module-refused'])
    expect(events[1]).toMatchObject({
      object: 'm',
      patch: 'p',
      errno: 22,
      reason: 'symbol-missing',
      cause: 'p cannot be applied to it: m has no function f, which the patch needs',
    })
  })

  it('is refused by a pre-patch callback, and what was done before is undone', () => {
    const events = story(
      ['module.coming', 10, 0, 'm'],
      ['object.resolved', 10, 1, 'p', 'm', 0],
      ['object.patched', 10, 2, 'p', 'm', 0, facts],
      ['object.resolved', 10, 3, 'q', 'm', 0],
      ['object.unpatched', 10, 4, 'p', 'm', facts, 0],
      ['module.came', 10, 5, 'm', 19],
    )
    expect(short(events).slice(4)).toEqual([
      'callback-called pre_unpatch',
      'object-unpatched',
      'callback-called pre_patch',
      'module-refused',
      'callback-called post_unpatch',
    ])
    expect(events.find((event) => event.kind === 'module-refused')).toMatchObject({
      patch: 'q',
      reason: 'pre-patch-failed',
    })
  })
})

describe('without probes', () => {
  it('the log alone tells of refusals', () => {
    const decoder = createDecoder()
    const events = [
      kmsg('1000', "livepatch: pre-patch callback failed for object 'vmlinux'"),
      kmsg('1001', "livepatch: failed to enable patch 'p'"),
      kmsg('1002', "livepatch: failed to initialize patch 'p' for module 'm' (-22)"),
      kmsg('1003', "livepatch: patch 'p' failed for module 'm', refusing to load module 'm'"),
    ].flatMap(decoder.decode)
    expect(events).toMatchObject([
      { kind: 'patch-load-refused', patch: 'p', reason: 'pre-patch-failed', basis: 'kernel-log' },
      { kind: 'module-refused', object: 'm', patch: 'p', errno: 22, basis: 'kernel-log' },
    ])
  })
})

it('records lost by the kernel log are events', () => {
  expect(story({ monoNs: '5', source: 'kernel-log', lost: 12 })).toMatchObject([
    { kind: 'events-lost', source: 'kernel-log', count: 12 },
  ])
})
