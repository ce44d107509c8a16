import { expect, it } from 'vitest'
import type { ProbeSet } from '../../../daemon/contract/event-parts.ts'
import { isPassive } from '../../../daemon/contract/passive.ts'
import { causesOf } from '../../../daemon/core/causes.ts'
import { headlineOf } from '../../../daemon/core/headline.ts'
import { view } from '../../../daemon/core/view.ts'
import { bpfDir } from '../../../daemon/package-paths.ts'
import { problemsOf } from '../../../daemon/serve/health.ts'
import {
  blindSets,
  probeSetNames,
  probeSetsOf,
  readProbeHeaders,
} from '../../../daemon/sources/probe-headers.ts'
import { aWorld, open, started, type World } from '../support/fold.ts'
import { recordingsOf, stepsOf } from '../support/recordings.ts'

const headers = readProbeHeaders(bpfDir)
/** What is attached when some programs, by name, are not: why not. */
const setsOf = (lacking: Record<string, { subject: string; reason: string }> = {}): ProbeSet[] =>
  probeSetsOf(
    headers,
    headers.flatMap(({ programs }) =>
      [...programs].map((program) => {
        const lack = lacking[program]
        const { subject = program } = lack ?? {}
        return {
          program,
          subject,
          attached: !lack,
          errno: lack ? 2 : 0,
          ...(lack ? { reason: lack.reason } : {}),
        }
      }),
    ),
  )
const hidden = (variable: string) => ({
  subject: variable,
  reason: `the kernel does not tell where ${variable} is`,
})
const without = (set: string, reason: string): ProbeSet[] => {
  const programs = headers.find(({ name }) => name === set)?.programs ?? []
  return setsOf(Object.fromEntries([...programs].map((program) => [program, { subject: program, reason }])))
}
const absent = (reason: string): ProbeSet[] => blindSets(reason, 'what to do')

const attachedWith = (sets: ProbeSet[]): World => {
  const world = aWorld()
  world.at(1, started())
  world.at(2, { kind: 'tracer-attached', probeSets: sets })
  return world
}
const noForce = {
  force_transition: {
    subject: 'klp_force_transition',
    reason: 'this kernel has no function klp_force_transition, or has inlined it',
  },
}
const died = (): World => {
  const world = attachedWith(setsOf({}))
  world.at(9, {
    kind: 'tracer-gap',
    source: 'tracer',
    fromMonoNs: '5000000000',
    toMonoNs: '9000000000',
    reason: 'the tracer was ended by signal 9 (Killed)',
  })
  return world
}
const diedWithLosses = (): World => {
  const world = attachedWith(setsOf(noForce))
  world.at(9, { kind: 'tracer-gap', source: 'tracer', fromMonoNs: '0', toMonoNs: '0', reason: 'why' })
  return world
}
const refused = 'the kernel refuses the probe: Permission denied'

it.each([
  ['no tracer', attachedWith(absent('the tracer is not there')), 'tracer', /the tracer is not there$/],
  [
    'a kernel that hides addresses only',
    attachedWith(
      setsOf({
        walk_inventory: hidden('klp_patches'),
        walk_shadow: hidden('klp_shadow_hash'),
        list_waited_for: hidden('klp_target_state'),
      }),
    ),
    null,
    /where klp_target_state, klp_patches, .* are/,
  ],
  ['a tracer that died', died(), 'tracer', /the tracer was ended by signal 9 \(Killed\)$/],
  ['a tracer that died and had not all', diedWithLosses(), 'tracer', /why$/],
  ...probeSetNames.map(
    (name) => [`no ${name}`, attachedWith(without(name, refused)), name, /Permission denied/] as const,
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
  if (subject === 'tracer') expect(cause!.lost).toHaveLength(probeSetNames.length)
  expect(view(state).tracer.causes).toEqual(causes)

  expect(open(world)).toEqual(['tracer-blind'])
  const [finding] = state.findings.values()
  expect(finding).toMatchObject({ summary: cause!.text, advice: cause!.remedy, lost: cause!.lost })
  expect(problemsOf(state).length).toBeLessThanOrEqual(1)
  if (cause!.severity === 'warning' && state.tracer.status !== 'starting')
    expect(headlineOf(state)).toMatchObject({ text: cause!.text, finding: finding!.id })
})

const passively = (errno: number, why: string, isLeftOut: (program: string) => boolean): ProbeSet[] =>
  probeSetsOf(
    headers,
    headers.flatMap(({ programs }) =>
      [...programs].map((program) =>
        isLeftOut(program)
          ? { program, subject: program, attached: false, errno, reason: `passive: ${why}` }
          : { program, subject: program, attached: true, errno: 0 },
      ),
    ),
  )

it('passive mode is one item, which warns of nothing: it is meant', () => {
  const sets = passively(125, 'started with --passive', (program) => !/^(list|walk|look)_/.test(program))
  const world = attachedWith(sets)
  const state = world.state()
  const { causes } = view(state).tracer
  expect(causes).toMatchObject([
    {
      subject: 'passive',
      severity: 'info',
      text: expect.stringMatching(
        /^Passive mode, no probes are attached: \d+ things cannot be seen \(started with --passive\)$/,
      ),
      remedy: 'Start the daemon without --passive to have probes attached.',
      since: state.tracer.since,
    },
  ])
  expect(causes[0]?.lost).toContain('exact start and end of transitions, who asked, reverse, force, cancel')
  expect(isPassive({ causes })).toBe(true)
  expect(headlineOf(state).level).toBe('ok')
  expect(problemsOf(state)).toEqual([])
})

it('a kernel that lets nothing be read is told as what it is', () => {
  const world = attachedWith(passively(1, 'the kernel is locked down (confidentiality)', () => true))
  const { causes } = view(world.state()).tracer
  expect(causes).toMatchObject([
    {
      subject: 'tracer',
      severity: 'warning',
      text: 'Only sysfs, /proc and the kernel log are seen: the kernel is locked down (confidentiality)',
      remedy: expect.stringMatching(/lockdown/),
    },
  ])
  expect(isPassive({ causes })).toBe(false)
})

it('two causes are two items, the graver first, with what each takes', () => {
  const gone = without('shadow', refused).filter(({ available }) => !available)
  const world = attachedWith([...setsOf(noForce).filter(({ name }) => name !== 'shadow'), ...gone])
  expect(causesOf(world.state().tracer).map(({ subject, severity }) => [subject, severity])).toEqual([
    ['shadow', 'warning'],
    ['transition: klp_force_transition', 'info'],
  ])
})

it('since when it is so, though it is tried again and again', () => {
  const world = attachedWith(absent('the tracer is not there'))
  world.at(30, { kind: 'tracer-attached', probeSets: absent('the tracer is not there') })
  expect(causesOf(world.state().tracer)[0]!.since).toBe('1970-01-01T00:00:01.000000000Z')
})

it.each(recordingsOf('no-tracer'))('%s is one item', (name) => {
  const { tracer, findings } = stepsOf(name).at(-1)!.state
  expect(causesOf(tracer)).toHaveLength(1)
  expect([...findings.values()].filter(({ rule }) => rule === 'tracer-blind')).toHaveLength(1)
})
