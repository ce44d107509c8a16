import { describe, expect, it } from 'vitest'
import { functionLabel } from '../../../daemon/contract/function-identity.ts'
import type { Headline } from '../../../daemon/contract/state.ts'
import { functionsOf } from '../../../daemon/core/functions-view.ts'
import { headlineOf } from '../../../daemon/core/headline.ts'
import type { Step } from '../../../daemon/engine.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import {
  eventsOf,
  ofKind,
  readRecording,
  recordingNames,
  recordingsOf,
  runRecords,
  stepsOf,
} from '../support/recordings.ts'

/** What people who livepatch for a living reported, on recordings of real kernels. */

const withoutProbes = (name: string): Step[] =>
  runRecords(
    readRecording(name).filter(({ source }: RawRecord) =>
      ['host', 'clock', 'sysfs', 'kernel-log', 'procfs-tasks'].includes(source),
    ),
  )
const withoutLog = (name: string): Step[] =>
  runRecords(
    readRecording(name).filter(({ source }: RawRecord) =>
      ['host', 'clock', 'sysfs', 'procfs-tasks'].includes(source),
    ),
  )

describe.each(recordingNames)('%s', (name) => {
  it('gives no id of a transition to two, and takes none up in a direction it never had', () => {
    const seen = new Map<string, string>()
    for (const { event, state } of stepsOf(name)) {
      if (event.kind !== 'transition-started') continue
      const id = event.transition ?? ''
      const facts = `${event.patch} ${event.direction}`
      expect(seen.get(id) ?? facts).toBe(facts)
      seen.set(id, facts)
      expect(state.transition?.id).toBe(id)
    }
  })
})

describe.each(recordingsOf('slow-callbacks'))('a callback that takes its time: %s', (name) => {
  const waiting = (steps: readonly Step[]): Headline[] =>
    steps.filter(({ state }) => state.transition === null).map(({ state }) => headlineOf(state))
  const started = (steps: readonly Step[]) =>
    ofKind(
      steps.map(({ event }) => event),
      'transition-started',
    ).map(({ patch, direction }) => `${patch} ${direction}`)

  const starts = ['klpt_patch_slow patching', 'klpt_patch_slow unpatching']
  it.each([
    ['the probes', stepsOf(name)],
    ['the kernel log', withoutProbes(name)],
  ])('is no transition, and no other direction, to %s', (_, steps) => {
    expect(started(steps)).toEqual(starts)
    expect(steps.flatMap(({ state }) => (state.transition?.stalled ? [state.seq] : []))).toEqual([])
  })

  it('is never taken for unpatching by sysfs, which looks every few seconds and misses short transitions', () => {
    const seen = started(withoutLog(name))
    expect(seen).toEqual(starts.filter((start) => seen.includes(start)))
  })

  it('is named, with its object, its duration, what it keeps waiting, and who waits for it', () => {
    const texts = waiting(stepsOf(name)).map(({ text }) => text)
    for (const doing of [
      'loading, in its pre_patch callback for klpt_target',
      'being disabled, in its pre_unpatch callback for klpt_target',
    ])
      expect(texts).toContain(
        `klpt_patch_slow: ${doing}; no other patch can be loaded, disabled or reversed meanwhile, and no module can come or go`,
      )
    const hung = waiting(stepsOf(name)).filter(
      ({ text, level }) => level === 'warning' && /in its pre_\w+ callback for/.test(text),
    )
    expect(hung[0]?.advice).toMatch(
      /^See where insmod \(\d+\) waits in the kernel: read \/proc\/\d+\/stack\./,
    )
    expect(
      ofKind(eventsOf(name), 'callback-entered').map(({ comm, callback, object }) => [
        comm,
        callback,
        object,
      ]),
    ).toEqual([
      ['insmod', 'pre_patch', 'klpt_target'],
      ['bash', 'pre_unpatch', 'klpt_target'],
      ['insmod', 'pre_patch', 'klpt_target'],
    ])
  })

  it('is never answered with a command that would wait as well', () => {
    const advice = stepsOf(name).flatMap(({ state }) =>
      state.transition === null
        ? [headlineOf(state).advice, ...[...state.findings.values()].map((finding) => finding.advice)]
        : [],
    )
    expect(advice.join('\n')).not.toMatch(/echo|force/)
  })

  it.each([
    ['the probes', stepsOf(name)],
    ['sysfs', withoutLog(name)],
  ])('leaves the patch loading, and then disabling, to %s', (_, steps) => {
    const states = steps.map(({ state }) => state.patches[0]?.state ?? 'gone')
    const story = states.filter((state, index) => state !== states[index - 1])
    expect(story.join(' ')).toMatch(/^gone loading (enabling )?(enabled )?disabling/)
    expect(story.join(' ')).not.toMatch(/loading disabling|enabled enabling/)
  })

  it('ends with what it returned', () => {
    const returned = ofKind(eventsOf(name), 'callback-called')
      .filter(({ callback }) => callback === 'pre_patch')
      .map((event) => event.returned)
    expect(returned).toEqual([0, -19])
    expect(ofKind(eventsOf(name), 'patch-load-refused')).toMatchObject([
      { reason: 'pre-patch-failed', errno: 19 },
    ])
  })
})

describe.each(recordingsOf('shadow-while-loading'))('a variable of a module being loaded: %s', (name) => {
  it('is its patch’s, and left behind when that is gone, until a patch frees it', () => {
    const left = stepsOf(name).flatMap(({ effects }) =>
      effects.flatMap((effect) =>
        effect.kind === 'finding-changed' && effect.finding.rule === 'shadow-left-behind'
          ? [`${effect.finding.closedAt === null ? 'open' : 'closed'} ${effect.finding.summary}`]
          : [],
      ),
    )
    const summary =
      'shadow id 0x1003 of klpt_patch_early: 1 variable (8 bytes) left behind, no patch in place uses it'
    expect(left).toEqual([`open ${summary}`, `closed ${summary}`])
  })

  it('is left behind within seconds', () => {
    const steps = stepsOf(name)
    const at = (find: (step: Step) => boolean) => Number(steps.find(find)?.event.monoNs) / 1e9
    const goneS = at(({ event }) => event.kind === 'patch-disabled')
    const foundS = at(({ state }) =>
      [...state.findings.values()].some(({ rule }) => rule === 'shadow-left-behind'),
    )
    expect(foundS - goneS).toBeLessThan(4)
  })
})

describe.each(recordingsOf('many-functions'))('a cumulative patch: %s', (name) => {
  const patch = 'klpt_patch_many_with_as_many_letters_as_a_name_may_have'
  const long =
    'klpt_long_name_as_template_instances_and_rust_symbols_have_them_long_name_as_template_instances_and_rust_symbols_have_them_and_its_tail'

  it('keeps the names whole: of the patch, of its functions, of what a task sleeps in', () => {
    expect(ofKind(eventsOf(name), 'transition-started').map((event) => event.patch)).toEqual([patch, patch])
    const slept = ofKind(eventsOf(name), 'task-blocked').flatMap((event) =>
      event.comm === 'klpt-long' && event.reason === 'sleeping-on-function' ? [event.function] : [],
    )
    expect(slept).toEqual([long])
    const inventoried = ofKind(eventsOf(name), 'patches-inventoried').flatMap(({ patches }) =>
      patches.flatMap(({ objects }) =>
        objects.flatMap(({ functions }) => functions.map((func) => func.name)),
      ),
    )
    expect(inventoried.filter((func) => func.startsWith('klpt_long')).every((func) => func === long)).toBe(
      true,
    )
  })

  it('has all of its 241 functions counted, each call once', () => {
    const counted = stepsOf(name)
      .map(({ state }) => state)
      .reverse()
      .find((state) => functionsOf(state).items.some(({ calls }) => calls?.entered))
    const items = counted && functionsOf(counted).items
    expect(items).toHaveLength(241)
    const numbered = items?.filter((item) => item.function.startsWith('klpt_many_'))
    expect(numbered).toHaveLength(240)
    expect(
      new Set(numbered?.map(({ calls }) => `${calls?.entered} ${calls?.redirected} ${calls?.old}`)),
    ).toEqual(new Set(['10 10 0']))
    expect(new Set(items?.map(({ counting }) => counting.status))).toEqual(new Set(['on']))
  })
})

describe.each(recordingsOf('same-name'))('functions of one name: %s', (name) => {
  const shown = () =>
    stepsOf(name).map(({ state }) => functionsOf(state).items.filter((item) => item.object === 'klpt_twins'))

  it('are two, in every list, with which of them runs what', () => {
    const both = shown()
      .filter((items) => items.length === 2 && items[0]?.stack?.length)
      .at(-1)
    expect(both?.map((item) => [functionLabel(item), item.sympos, item.inEffect?.symbol])).toEqual([
      ['klpt_twin_show,2', 2, 'klpt_new_second'],
      ['klpt_twin_show', 1, 'klpt_new_first'],
    ])
    const observed = ofKind(eventsOf(name), 'patches-observed').flatMap(({ patches }) =>
      patches.flatMap(({ objects }) => objects.map(({ functions }) => [...functions].sort().join(' '))),
    )
    expect(new Set(observed)).toEqual(new Set(['klpt_twin_show,2', 'klpt_twin_show klpt_twin_show,2']))
  })

  it('are counted one by one, each by its address', () => {
    const counted = shown().filter((items) => items.length === 2 && items.every(({ calls }) => calls))
    expect(counted.at(-1)?.map((item) => [functionLabel(item), item.calls])).toEqual([
      ['klpt_twin_show,2', expect.objectContaining({ entered: 2, redirected: 2, old: 0 })],
      ['klpt_twin_show', expect.objectContaining({ entered: 3, redirected: 3, old: 0 })],
    ])
    const said = ofKind(eventsOf(name), 'function-counting-changed').flatMap(({ functions }) =>
      // One walk found the patch while the second was not in its place yet.
      functions.flatMap(({ status, reason }) => (reason === 'no patch is in its place now' ? [] : [status])),
    )
    expect(new Set(said)).toEqual(new Set(['starting', 'on']))
  })
})

describe.each(recordingsOf('object-names'))('objects that no module can be: %s', (name) => {
  it('are findings, with the right name, while the patch is in place', () => {
    const said = new Map<string, string>()
    for (const { state } of stepsOf(name))
      for (const { rule, subject, advice } of state.findings.values())
        if (rule === 'patch-bypassed') said.set(subject, advice)
    expect([...said].map(([subject, advice]) => [subject, advice.split(',')[1]])).toEqual([
      ['klpt_patch_misnamed klpt-target', ' name the object klpt_target'],
      ['klpt_patch_misnamed klpt_target.ko', ' name the object klpt_target'],
      [
        'klpt_patch_misnamed vmlinux',
        ' leave the name of that object out (NULL stands for the kernel itself)',
      ],
    ])
    expect([...stepsOf(name).at(-1)!.state.findings.values()].map(({ rule }) => rule)).not.toContain(
      'patch-bypassed',
    )
  })
})
