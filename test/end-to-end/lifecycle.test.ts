import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event, EventKind, EventOf } from '../../daemon/contract/event.ts'
import type { State } from '../../daemon/contract/state.ts'
import { openReplay } from '../../daemon/replay/open-replay.ts'
import { serializeState } from '../../daemon/store/serialize-state.ts'
import { loggedCallbacks } from './support/ground-truth.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { closingState } from './support/record.ts'

describe.each(kernels)('the life of patches on Linux %s', (kernel) => {
  let lab: LabSession
  let events: Event[] = []
  const all = <K extends EventKind>(kind: K): EventOf<K>[] =>
    events.filter((event): event is EventOf<K> => event.kind === kind)
  const at = (look: string): State => JSON.parse(lab.read(`${look}.json`)) as State
  const findings = (look: string) => at(look).findings.map(({ rule, subject }) => [rule, subject])
  const patch = (look: string, name: string) => at(look).patches.find((each) => each.name === name)

  beforeAll(async () => {
    lab = await openLab(kernel, 'lifecycle.sh')
    const result = await lab.outcome
    expect(result, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    const database = new Database(join(lab.outDir, 'klpscope.db'), { readonly: true })
    const rows = database.prepare('SELECT data FROM events ORDER BY seq').all() as { data: string }[]
    events = rows.map((row) => JSON.parse(row.data) as Event)
    database.close()
  })
  afterAll(() => lab?.stop())

  it('puts every refused load in plain words, and who asked for it', () => {
    expect(all('patch-load-refused')).toMatchObject([
      { patch: 'klpt_patch_fail', errno: 1, reason: 'pre-patch-failed', comm: 'insmod' },
      { patch: 'klpt_patch_unmarked', errno: 22, reason: 'not-a-livepatch', basis: 'observed' },
      { patch: 'klpt_patch_v1', errno: 16, reason: 'ftrace-conflict' },
      { patch: 'klpt_patch_missing', errno: 22, reason: 'symbol-missing' },
      { patch: 'klpt_patch_stack', errno: 16, reason: 'transition-running' },
      { patch: 'klpt_patch_old', errno: 22, reason: 'state-incompatible' },
    ])
    const causes = all('patch-load-refused').map((event) => event.cause)
    expect(causes[0]).toContain('pre-patch callback for klpt_target returned -1')
    expect(causes[2]).toContain('klpt_proc_show of klpt_target')
    expect(causes[3]).toContain('klpt_bystander has no function klpt_bystander_no_such_function')
    expect(causes[4]).toContain('the transition of klpt_patch_v2 is still running')
    expect(causes[5]).toContain('its state 0x1 has version 1, older than 2 of klpt_patch_v2')
    expect(causes[5]).toContain('it lacks state 0x2')
  })

  it('opens findings about them, and closes one when the patch is loaded after all', () => {
    // 5.10 lacks functions that are probed: tracer-blind says so.
    expect(findings('refused').filter(([rule]) => kernel !== '5.10' || rule !== 'tracer-blind')).toEqual(
      ['klpt_patch_fail', 'klpt_patch_unmarked', 'klpt_patch_v1', 'klpt_patch_missing'].map((name) => [
        'load-refused',
        name,
      ]),
    )
    expect(findings('replaced')).not.toContainEqual(['load-refused', 'klpt_patch_v1'])
    expect(findings('incompatible')).toContainEqual(['state-incompatible', 'klpt_patch_old'])
    expect(findings('downgraded')).not.toContainEqual(['state-incompatible', 'klpt_patch_old'])
  })

  it('tells of exactly the callbacks that the modules logged, in their order', () => {
    const logged = loggedCallbacks(lab.read('dmesg.txt'))
    expect(logged.length).toBeGreaterThan(12)
    expect(all('callback-called').map(({ patch, callback, object }) => [patch, callback, object])).toEqual(
      logged,
    )
    const refused = all('callback-called').find((event) => event.patch === 'klpt_patch_fail')
    expect(refused).toMatchObject({ callback: 'pre_patch', returned: -1, basis: 'inferred' })
  })

  it('tells which callbacks an atomic replace and a reversal skipped', () => {
    const skipped = all('callback-skipped').map(({ patch, callback, reason }) => [patch, callback, reason])
    expect(skipped).toEqual([
      ['klpt_patch_v1', 'pre_unpatch', 'replaced'],
      ['klpt_patch_v1', 'post_unpatch', 'replaced'],
      ['klpt_patch_v1', 'pre_unpatch', 'replaced'],
      ['klpt_patch_v1', 'post_unpatch', 'replaced'],
      ['klpt_patch_v1', 'post_patch', 'reversed'],
      ['klpt_patch_v1', 'pre_unpatch', 'reversed'],
    ])
    expect(findings('replaced')).toContainEqual(['callbacks-skipped', 'klpt_patch_v1'])
    expect(
      patch('replaced', 'klpt_patch_v1')?.callbacks?.filter((each) => each.outcome === 'skipped'),
    ).toHaveLength(2)
  })

  it('follows a patch from loading to removable', () => {
    expect(patch('replacing', 'klpt_patch_v2')).toMatchObject({
      state: 'enabling',
      version: '2.0',
      loadedBy: { comm: 'insmod' },
      replaces: [{ name: 'klpt_patch_v1', version: '1.0' }],
    })
    expect(patch('replaced', 'klpt_patch_v1')).toMatchObject({
      state: 'removable',
      replacedBy: 'klpt_patch_v2',
      refcount: 0,
    })
    expect(patch('replaced', 'klpt_patch_v2')).toMatchObject({
      state: 'enabled',
      states: [
        { id: '0x1', version: 2 },
        { id: '0x2', version: 1 },
      ],
    })
    expect(patch('incompatible', 'klpt_patch_v1')).toBeUndefined()
    expect(at('end').patches).toEqual([])
    const lives = (name: string) =>
      events
        .filter((event) => event.patch === name && /^patch-(?!load-refused)/.test(event.kind))
        .map((event) => event.kind)
    expect(lives('klpt_patch_v2')).toEqual([
      'patch-loading',
      'patch-enabled',
      'patch-disabled',
      'patch-released',
    ])
    expect(lives('klpt_patch_old').slice(1)).toEqual([
      'patch-loading',
      'patch-enabled',
      'patch-disabled',
      'patch-released',
    ])
    expect(all('patch-replaced').map((event) => [event.patch, event.by])).toEqual([
      ['klpt_patch_v1', 'klpt_patch_v2'],
      ['klpt_patch_v1', 'klpt_patch_old'],
    ])
  })

  it('notices a downgrade', () => {
    expect(findings('downgraded')).toContainEqual(['patch-downgraded', 'klpt_patch_old'])
    expect(findings('end')).not.toContainEqual(['patch-downgraded', 'klpt_patch_old'])
  })

  it('notices that a patch declared sticky was disabled', () => {
    expect(findings('sticky')).toContainEqual(['sticky-disabled', 'klpt_patch_vmlinux'])
    expect(findings('end')).not.toContainEqual(['sticky-disabled', 'klpt_patch_vmlinux'])
  })

  it('tells of modules that come and go under a patch, and of one refused because of it', () => {
    const modules = events
      .filter((event) => /^(module|object)-/.test(event.kind) && event.object === 'klpt_bystander')
      .map((event) => event.kind)
    expect(modules).toEqual([
      ...['module-coming', 'module-refused'],
      ...['module-coming', 'object-patched', 'module-going', 'object-unpatched'],
      ...['module-coming', 'object-patched', 'object-unpatched'],
    ])
    expect(all('module-refused')).toMatchObject([
      { object: 'klpt_bystander', patch: 'klpt_patch_missing', errno: 22, reason: 'symbol-missing' },
    ])
    expect(findings('module-refused')).toContainEqual(['module-refused', 'klpt_bystander'])
    expect(findings('end')).not.toContainEqual(['module-refused', 'klpt_bystander'])
  })

  it('could read everything it heard', () => {
    expect(all('decode-failed')).toEqual([])
    expect(all('events-lost')).toEqual([])
  })
  it('and its raw records, replayed, end in the same state, byte for byte', async () => {
    const replay = await openReplay(join(lab.outDir, 'raw.recording'))
    replay.close()
    expect(replay.malformed).toBe(0)
    expect(serializeState(replay.state)).toBe(closingState(lab.outDir))
  })
})
