import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'
import { readTracerRun } from './support/tracer-run.ts'

describe.each(kernels)('where probes are forbidden on Linux %s', (kernel) => {
  let lab: LabSession
  const state = () => lab.get<State>('state')
  /** What is left out of all programs, and for which reason. */
  const leftOut = (name: string) =>
    readTracerRun(join(lab.outDir, `${name}.frames`)).lacking.filter(({ reason }) =>
      reason?.startsWith('passive: '),
    )

  beforeAll(async () => {
    lab = await openLab(kernel, 'passive-chosen.sh')
    await lab.at('locked-down')
  })
  afterAll(() => lab?.stop())

  it.each(['ordinary', 'another-vendor'])('leaves nothing out where they are not: %s', (name) => {
    expect(leftOut(name)).toEqual([])
  })

  it.each([
    ['vendor', 'passive: the vendor forbids kprobes while livepatches are in use'],
    ['kernel', "passive: this kernel's livepatches do not go together with kprobes"],
  ])('leaves all probes out, and nothing else: %s', (name, reason) => {
    expect([...new Set(leftOut(name).map((probe) => probe.reason))]).toEqual([reason])
    const programs = leftOut(name).map(({ program }) => program)
    expect(programs).toEqual(
      expect.arrayContaining([
        'start_transition',
        'function_called',
        'functions_called',
        'canary',
        'process_exit',
      ]),
    )
    for (const program of [
      'list_tasks',
      'list_waited_for',
      'look_around',
      'walk_idle',
      'walk_inventory',
      'walk_shadow',
    ])
      expect(programs).not.toContain(program)
  })

  it('leaves all out where the kernel is locked down, and says so', async () => {
    const programs = leftOut('lockdown').map(({ program }) => program)
    expect(programs).toEqual(expect.arrayContaining(['start_transition', 'list_tasks', 'walk_inventory']))
    const { tracer, findings } = await state()
    expect(tracer.status).toBe('blind')
    expect(findings.filter(({ rule }) => rule === 'tracer-blind')).toMatchObject([
      {
        severity: 'warning',
        summary: 'Only sysfs, /proc and the kernel log are seen: the kernel is locked down (confidentiality)',
        advice: expect.stringMatching(/lockdown=integrity or none/),
      },
    ])
  })

  it('shows the stalled transition and its end all the same', async () => {
    await expect
      .poll(async () => (await state()).blocked.map(({ comm }) => comm), { timeout: 60_000 })
      .toEqual(['klpt-sleeper'])
    expect((await state()).transition).toMatchObject({ patch: 'klpt_patch_v1', direction: 'patching' })
    lab.go('locked-down')
    await lab.at('reversed')
    await expect
      .poll(async () => (await state()).lastTransition, { timeout: 60_000 })
      .toMatchObject({ patch: 'klpt_patch_v1', direction: 'unpatching', reversals: 1, outcome: 'completed' })
    lab.go('reversed')
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    const { events } = readRecord(lab.outDir)
    expect(events.filter(({ kind }) => kind === 'decode-failed')).toEqual([])
    // Neither BPF nor /proc lists tasks then, which is said.
    expect(events.filter(({ kind }) => kind === 'tracer-gap')).toMatchObject([
      { source: 'observer', reason: expect.stringMatching(/patch_state is for root alone/) },
    ])
  })
})
