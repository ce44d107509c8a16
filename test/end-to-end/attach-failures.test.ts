import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'

describe.each(kernels)('probes that cannot be attached on Linux %s', (kernel) => {
  let lab: LabSession
  const state = () => lab.get<State>('state')

  beforeAll(async () => {
    lab = await openLab(kernel, 'attach-failures.sh', { timeoutS: 1500 })
    await lab.at('attached')
  })
  afterAll(() => lab?.stop())

  it('cost what needs them, and nothing else', async () => {
    const { tracer } = await state()
    expect(tracer.status).toBe('degraded')
    expect(tracer.probeSets.map(({ name, available, lost = [] }) => [name, available, lost.length])).toEqual([
      ['transition', true, 1],
      ['tasks', true, 0],
      ['lifecycle', false, 0],
      ['inventory', false, 0],
      ['shadow', false, 0],
    ])
  })

  it('are named, with what is lost and what to do', async () => {
    const { tracer, findings } = await state()
    expect(tracer.probeSets[0]?.lost).toMatchObject([
      {
        name: 'do_int3',
        loss: 'that a transition was forced',
        reason: expect.stringMatching(/^bpftrace could not attach it: ./),
        remedy: expect.stringMatching(/./),
      },
    ])
    for (const set of tracer.probeSets.slice(2, 4)) expect(set.reason).toMatch(/klp_absent_function/)
    expect(tracer.probeSets[4]).toMatchObject({
      reason: expect.stringMatching(/bpftrace ended .*not seen: shadow variables/),
      remedy: expect.stringMatching(/./),
    })
    expect(
      findings
        .filter(({ rule }) => rule === 'tracer-blind')
        .map(({ subject, severity }) => [subject, severity]),
    ).toEqual([
      ['lifecycle, inventory', 'warning'],
      ['shadow', 'warning'],
      ['transition: do_int3', 'info'],
    ])
  })

  it('do not keep a transition from being seen', async () => {
    lab.go('attached')
    await lab.at('patched')
    await expect
      .poll(async () => (await state()).lastTransition, { timeout: 20_000 })
      .toMatchObject({ patch: 'klpt_patch_v1', outcome: 'completed', startKnown: true })
    const { lastTransition } = await state()
    expect(lastTransition?.requester?.comm).toBe('insmod')
    expect(Object.values(lastTransition?.switched ?? {}).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(50)
    lab.go('patched')
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
  })
})
