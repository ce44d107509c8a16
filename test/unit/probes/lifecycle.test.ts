import { describe, expect, it } from 'vitest'
import type { EventDraft } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { objectFact, objectMoment } from '../../../daemon/raw/enums.ts'
import { asked, probe } from '../support/probe.ts'

const allCallbacks =
  objectFact.PRE_PATCH | objectFact.POST_PATCH | objectFact.PRE_UNPATCH | objectFact.POST_UNPATCH
const enabled = objectFact.POST_UNPATCH_ENABLED
const patched = objectFact.PATCHED
const loaded = objectFact.LOADED

/** So many nanoseconds after the tenth second, at which most of these stories begin. */
const at = (ns: number) => 10_000_000_000n + BigInt(ns)
const insmod = { pid: 50, tid: 51, comm: 'insmod' }

const attached: RawRecord = {
  monoNs: '1',
  source: 'tracer',
  what: 'attached',
  probeSets: ['transition', 'lifecycle'].map((name) => ({ name, available: true })),
}
let sequence = 0
const kmsg = (monoNs: string, text: string): RawRecord => ({
  monoNs,
  source: 'kernel-log',
  line: `4,${sequence++},${BigInt(monoNs) / 1000n},-;${text}`,
})
const sysfs = (monoNs: string): RawRecord => ({ monoNs, source: 'sysfs', patches: [] })

/** Leaves out what is not about the life of patches. */
const story = (...steps: RawRecord[]): EventDraft[] => {
  const decoder = createDecoder()
  return [attached, ...steps]
    .flatMap((step) => decoder.decode(step))
    .filter((event) => !['tracer-attached', 'patches-observed'].includes(event.kind))
}
const short = (events: EventDraft[]): string[] =>
  events.map((event) => ('callback' in event ? `${event.kind} ${event.callback}` : event.kind))

const load = (patch: string, replace = false) =>
  probe('patch-loading', { monoNs: at(0), by: insmod, replace, patch, version: '1.0' })
const loadedWith = (patch: string, errno: number) =>
  probe('patch-loaded', { monoNs: at(900), by: insmod, result: -errno, patch })
const compatible = (patch: string, isCompatible = true) =>
  probe('patch-compatible', { monoNs: at(1), by: insmod, result: isCompatible ? 1 : 0, patch })
const state = (patch: string, id: bigint, version: number) =>
  probe('patch-state', { monoNs: at(0), id, version, patch })
const settled = (ns: number, target: 0 | 1) =>
  probe('patch-settled', { monoNs: at(ns), result: target, patch: 'p' })

type ObjectRecord = 'object-found' | 'object-resolved' | 'object-patched' | 'object-unpatched'
/** A step of `p` with the object `target`, but for what is given otherwise. */
const object = (
  name: ObjectRecord,
  ns: number,
  own: { facts?: number; moment?: number; result?: number; patch?: string; object?: string } = {},
) => probe(name, { monoNs: at(ns), moment: objectMoment.NONE, patch: 'p', object: 'target', ...own })
const found = (moment: number, facts: number) => object('object-found', 2, { moment, facts })
const module = (name: 'module-coming' | 'module-came' | 'module-gone', ns: number, errno = 0) =>
  probe(name, { monoNs: at(ns), result: -errno, module: 'm' })

describe('a load', () => {
  it('that succeeds tells of callbacks, objects and states', () => {
    const events = story(
      load('p'),
      state('p', 7n, 3),
      compatible('p'),
      found(objectMoment.BEFORE_PATCH, allCallbacks | loaded),
      object('object-patched', 3, { facts: allCallbacks | enabled | patched | loaded }),
      found(objectMoment.BEFORE_SETTLING, allCallbacks | enabled | patched | loaded),
      settled(4, 1),
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
      found(objectMoment.BEFORE_PATCH, allCallbacks | loaded),
      found(objectMoment.BEFORE_SETTLING, allCallbacks | loaded),
      settled(4, 0),
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
      found(objectMoment.BEFORE_PATCH, allCallbacks | loaded),
      object('object-patched', 3, { result: -16, facts }),
      found(objectMoment.BEFORE_SETTLING, facts),
      settled(4, 0),
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
      object('object-resolved', 3, { result: -22 }),
      loadedWith('p', 22),
      sysfs('10100000000'),
      sysfs('11000000000'),
    )
    expect(short(refused)).toEqual(['patch-loading', 'patch-load-refused'])
    expect(refused[1]).toMatchObject({ reason: 'symbol-missing', cause: expect.stringContaining('error 22') })
  })

  it('during another transition says whose', () => {
    const events = story(
      probe('transition-started', { monoNs: 9_000_000_000n, target: 1, patch: 'q' }),
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
      state('new', 1n, 2),
      state('new', 2n, 1),
      compatible('new'),
      loadedWith('new', 0),
      load('old', true),
      state('old', 1n, 1),
      compatible('old', false),
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
    probe('inventory-patch', { patch: 'p', enabled: true }),
    probe('inventory-object', { object: 'm', prePatch: 0xffffffffc0000000n }),
    probe('inventory-end', { complete: true, entries: 2 }),
    module('module-coming', 0),
    object('object-resolved', 1, { object: 'm' }),
    object('object-patched', 20_000_000_000, {
      object: 'm',
      facts: allCallbacks | enabled | patched | loaded,
    }),
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
    const events = story(
      probe('patch-replacing', { monoNs: at(0), patch: 'q' }),
      found(objectMoment.REPLACED, inPlace),
    )
    expect(short(events)).toEqual([
      'patch-replaced',
      'callback-skipped pre_unpatch',
      'callback-skipped post_unpatch',
    ])
    expect(events[1]).toMatchObject({ reason: 'replaced', cause: expect.stringContaining('q replaced p') })
  })

  it.each([
    ['told before', [asked, found(objectMoment.BEFORE_UNPATCH, inPlace)]],
    ['told after its objects', [found(objectMoment.BEFORE_UNPATCH, inPlace), asked]],
  ])('of a disabled patch run before and after; who waits for them is %s', (_, records) => {
    const events = story(...records, found(objectMoment.BEFORE_SETTLING, inPlace), settled(1_000_000_000, 0))
    expect(short(events)).toEqual([
      'callback-entered pre_unpatch',
      'callback-called pre_unpatch',
      'callback-called post_unpatch',
      'patch-disabled',
    ])
    expect(events[0]).toMatchObject({ pid: 10, tid: 11, comm: 'insmod' })
  })

  it('of a reversed load: only post_unpatch', () => {
    const events = story(
      found(objectMoment.BEFORE_PATCH, allCallbacks | loaded),
      found(objectMoment.BEFORE_SETTLING, inPlace),
      settled(1_000_000_000, 0),
    )
    expect(short(events).slice(1)).toEqual([
      'callback-skipped post_patch',
      'callback-skipped pre_unpatch',
      'callback-called post_unpatch',
      'patch-disabled',
    ])
  })

  it('of a transition whose beginning nobody saw are not claimed to be skipped', () => {
    const events = story(found(objectMoment.BEFORE_SETTLING, inPlace), settled(1_000_000_000, 0))
    expect(short(events)).toEqual(['callback-called post_unpatch', 'patch-disabled'])
  })
})

describe('a module under a patch', () => {
  const facts = allCallbacks | enabled | patched | loaded

  it('is patched when it comes and unpatched when it goes', () => {
    const events = story(
      module('module-coming', 0),
      object('object-resolved', 1, { object: 'm' }),
      object('object-patched', 2, { object: 'm', facts }),
      module('module-came', 3),
      object('object-unpatched', 10_000_000_001, { object: 'm', facts, moment: objectMoment.MODULE_GOES }),
      module('module-gone', 10_000_000_002),
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
      module('module-coming', 0),
      object('object-resolved', 1, { object: 'm', result: -22 }),
      module('module-came', 3, 22),
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
      module('module-coming', 0),
      object('object-resolved', 1, { object: 'm' }),
      object('object-patched', 2, { object: 'm', facts }),
      object('object-resolved', 3, { patch: 'q', object: 'm' }),
      object('object-unpatched', 4, { object: 'm', facts }),
      module('module-came', 5, 19),
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

describe('while probes that are attached do not fire', () => {
  const blind = (over: boolean, ns: number) =>
    probe('blindness', { monoNs: at(ns), fromNs: at(0), over, function: '', reason: 'off' })
  const second = 1_000_000_000
  const refusedAt = (ns: number) => [
    kmsg(String(at(ns)), "livepatch: failed to register ftrace handler for function 'f' (-16)"),
    kmsg(String(at(ns)), "livepatch: failed to enable patch 'p'"),
  ]

  it('the log alone tells of refusals, also of those before that was noticed', () => {
    const events = story(...refusedAt(second), blind(false, 2 * second), ...refusedAt(3 * second))
    expect(events).toMatchObject([
      { kind: 'tracer-gap', source: 'tracer' },
      {
        kind: 'patch-load-refused',
        monoNs: String(at(second)),
        patch: 'p',
        reason: 'ftrace-conflict',
        basis: 'kernel-log',
        remedy: expect.stringContaining('sysctl -w kernel.ftrace_enabled=1'),
      },
      { kind: 'patch-load-refused', monoNs: String(at(3 * second)) },
    ])
  })

  const logged = (ns: number, text: string): RawRecord => ({
    monoNs: String(at(ns)),
    source: 'kernel-log',
    line: `6,${sequence++},${at(ns) / 1000n},-;livepatch: 'p': ${text}`,
  })
  const inLog = (ns: number) => [
    logged(ns, 'starting patching transition'),
    logged(ns + second, 'patching complete'),
  ]

  it('the log alone tells of transitions, also of those before that was noticed', () => {
    const events = story(...inLog(second), blind(false, 3 * second))
    expect(events).toMatchObject([
      { kind: 'tracer-gap' },
      { kind: 'transition-started', monoNs: String(at(second)), patch: 'p', basis: 'kernel-log' },
      { kind: 'transition-completed', monoNs: String(at(2 * second)), patch: 'p', basis: 'kernel-log' },
    ])
  })

  it('no transition is told twice', () => {
    const started = probe('transition-started', { monoNs: at(0), target: 1, replace: false, patch: 'p' })
    const [startLine, endLine] = inLog(10) as [RawRecord, RawRecord]
    const ended = probe('transition-ended', { monoNs: at(second + 20), target: 1, patch: 'p' })
    const whole = story(started, startLine, endLine, ended, blind(false, 3 * second))
    expect(short(whole)).toEqual(['transition-started', 'transition-completed', 'tracer-gap'])
    const cut = story(started, startLine, endLine, blind(false, 3 * second))
    expect(short(cut)).toEqual(['transition-started', 'tracer-gap', 'transition-completed'])
  })

  it('nothing is told twice: not what the probes saw, nor when it is over', () => {
    const seen = story(
      load('p'),
      compatible('p'),
      object('object-patched', 3, { result: -16, facts: loaded }),
      loadedWith('p', 16),
      ...refusedAt(1_000),
      blind(false, 2 * second),
      blind(true, 4 * second),
    )
    expect(short(seen)).toEqual(['patch-loading', 'patch-load-refused', 'tracer-gap', 'tracer-gap'])
    const unseen = story(...refusedAt(second), blind(false, 2 * second), blind(true, 4 * second))
    expect(short(unseen)).toEqual(['tracer-gap', 'patch-load-refused', 'tracer-gap'])
  })
})

it('records lost by the kernel log are events', () => {
  expect(story({ monoNs: '5', source: 'kernel-log', lost: 12 })).toMatchObject([
    { kind: 'events-lost', source: 'kernel-log', count: 12 },
  ])
})
