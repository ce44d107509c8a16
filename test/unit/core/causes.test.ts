import { expect, it } from 'vitest'
import type { ProbeSet } from '../../../daemon/contract/event-parts.ts'
import { causesOf } from '../../../daemon/core/causes.ts'
import { headlineOf } from '../../../daemon/core/headline.ts'
import { view } from '../../../daemon/core/view.ts'
import { bpfDir } from '../../../daemon/package-paths.ts'
import { probeSets } from '../../../daemon/probes/probe-sets.ts'
import { problemsOf } from '../../../daemon/serve/health.ts'
import { generateScript, type ScriptHost } from '../../../daemon/sources/script.ts'
import { aWorld, open, started, type World } from '../support/fold.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'

const host: ScriptHost = {
  hasFunction: () => true,
  addressOf: () => 0x1000n,
  btf: { offsetOf: () => 8, sizeOf: () => 8, hasField: () => true, subset: () => null },
  cpus: 2,
  streamPerS: 1,
  shadowCheckS: 60,
}
const setsOf = (change: Partial<ScriptHost>, without = new Map<string, string>()): ProbeSet[] =>
  generateScript(bpfDir, probeSets, { ...host, ...change }, without).probeSets
const noBtf = { offsetOf: () => null, sizeOf: () => null, hasField: () => false, subset: () => null }
const absent = (reason: string): ProbeSet[] =>
  probeSets.map(({ stem }) => ({ name: stem, available: false, reason, remedy: 'what to do' }))

const attachedWith = (sets: ProbeSet[]): World => {
  const world = aWorld()
  world.at(1, started())
  world.at(2, { kind: 'tracer-attached', probeSets: sets })
  return world
}
const died = (): World => {
  const world = attachedWith(setsOf({}))
  world.at(9, {
    kind: 'tracer-gap',
    source: 'bpftrace',
    fromMonoNs: '5000000000',
    toMonoNs: '9000000000',
    reason: 'bpftrace ended (SIGKILL)',
  })
  return world
}
const diedWithLosses = (): World => {
  const world = attachedWith(setsOf({ hasFunction: (name) => name !== 'klp_force_transition' }))
  world.at(9, { kind: 'tracer-gap', source: 'bpftrace', fromMonoNs: '0', toMonoNs: '0', reason: 'why' })
  return world
}
const refused = 'bpftrace could not attach it: no'

it.each([
  ['no bpftrace', attachedWith(absent('bpftrace is not installed')), 'tracer', /bpftrace is not installed$/],
  ['no BTF', attachedWith(setsOf({ btf: noBtf })), 'tracer', /no BTF/],
  [
    'no root',
    attachedWith(setsOf({ hasFunction: () => false, addressOf: () => null })),
    'tracer',
    /hides its functions and symbols/,
  ],
  [
    'a kernel that hides addresses only',
    attachedWith(setsOf({ addressOf: () => null })),
    null,
    /where klp_transition_patch, .* are$/,
  ],
  [
    'a tracer that refuses the script',
    attachedWith(absent('bpftrace ended (exit code 1)')),
    'tracer',
    /exit code 1/,
  ],
  ['a tracer that died', died(), 'tracer', /bpftrace ended \(SIGKILL\)$/],
  ['a tracer that died and had not all', diedWithLosses(), 'tracer', /why$/],
  ...probeSets.map(
    ({ stem }) =>
      [`no ${stem}`, attachedWith(setsOf({}, new Map([[stem, refused]]))), stem, /could not attach/] as const,
  ),
] as const)('%s is one item', (_, world, subject, text) => {
  const state = world.state()
  const causes = causesOf(state.tracer)
  expect(causes).toHaveLength(1)
  const [cause] = causes
  if (subject !== null) expect(cause!.subject).toBe(subject)
  expect(cause!.text).toMatch(text)
  expect(cause!.remedy).not.toBe('')
  expect(new Set(cause!.lost).size).toBe(cause!.lost.length)
  if (subject === 'tracer') expect(cause!.lost).toHaveLength(probeSets.length)
  expect(view(state).tracer.causes).toEqual(causes)

  expect(open(world)).toEqual(['tracer-blind'])
  const [finding] = state.findings.values()
  expect(finding).toMatchObject({ summary: cause!.text, advice: cause!.remedy, lost: cause!.lost })
  expect(problemsOf(state).length).toBeLessThanOrEqual(1)
  if (cause!.severity === 'warning' && state.tracer.status !== 'starting')
    expect(headlineOf(state)).toMatchObject({ text: cause!.text, finding: finding!.id })
})

it('two causes are two items, the graver first, with what each takes', () => {
  const world = attachedWith(
    setsOf({ hasFunction: (name) => name !== 'klp_force_transition' }, new Map([['shadow', refused]])),
  )
  expect(causesOf(world.state().tracer).map(({ subject, severity }) => [subject, severity])).toEqual([
    ['shadow', 'warning'],
    ['transition: klp_force_transition', 'info'],
  ])
})

it('since when it is so, though it is tried again and again', () => {
  const world = attachedWith(absent('bpftrace is not installed'))
  world.at(30, { kind: 'tracer-attached', probeSets: absent('bpftrace is not installed') })
  expect(causesOf(world.state().tracer)[0]!.since).toBe('1970-01-01T00:00:01.000000000Z')
})

it.each([...recordingsOf('no-bpftrace'), ...recordingsOf('no-probes')])('%s is one item', (name) => {
  const { tracer, findings } = stepsOf(name).at(-1)!.state
  expect(causesOf(tracer)).toHaveLength(1)
  expect([...findings.values()].filter(({ rule }) => rule === 'tracer-blind')).toHaveLength(1)
})
