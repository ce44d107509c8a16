import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State } from '../../daemon/contract/state.ts'
import { buildAlteredTracer } from './support/altered-tracer.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'

const freeStruct = 'int BPF_KPROBE(shadow_free_struct, struct klp_shadow *shadow)\n{\n'

describe.each(kernels)('probes that cannot be attached on Linux %s', (kernel) => {
  let lab: LabSession
  /** What it lacks of itself. */
  const older = kernel === '5.10'
  const state = () => lab.get<State>('state')

  beforeAll(async () => {
    const outDir = mkdtempSync(join(tmpdir(), 'klpscope-test-'))
    await buildAlteredTracer(join(outDir, 'altered'), [
      // There is such a function, but a kprobe on it is refused: it is on the kernel's kprobe blacklist.
      ['transition.bpf.c', 'SEC("kprobe/klp_force_transition")', 'SEC("kprobe/do_int3")'],
      ['transition.bpf.c', ' klp_force_transition: that', ' do_int3: that'],
      // A read through a pointer that nobody vouches for.
      ['shadow.bpf.c', freeStruct, `${freeStruct}\tif (*(volatile long *)shadow)\n\t\treturn 0;\n`],
    ])
    lab = await openLab(kernel, 'attach-failures.sh', { outDir, timeoutS: 1500 })
    await lab.at('attached')
  })
  afterAll(() => lab?.stop())

  it('cost what needs them, and nothing else', async () => {
    const { tracer } = await state()
    expect(tracer.status).toBe('degraded')
    expect(
      tracer.probeSets.map(({ name, available, lost = [] }) => [
        name,
        available,
        lost.map((part) => part.name),
      ]),
    ).toEqual([
      ['transition', true, ['do_int3']],
      ['tasks', true, older ? ['klp_try_complete_transition', 'klp_check_and_switch_task'] : []],
      ['lifecycle', true, ['klp_enable_patch']],
      ['inventory', false, []],
      ['shadow', true, ['klp_shadow_free_struct']],
    ])
  })

  it('are named, with what is lost, why, and what to do', async () => {
    const { tracer, findings } = await state()
    const [transition, , lifecycle, inventory, shadow] = tracer.probeSets
    expect(transition?.lost).toMatchObject([
      {
        loss: 'that a transition was forced',
        reason: expect.stringMatching(/^the kernel refuses the probe: ./),
        remedy: expect.stringMatching(/kprobe blacklist/),
      },
    ])
    expect(lifecycle?.lost).toMatchObject([
      {
        loss: 'loads and refusals of livepatches, their states and versions',
        reason: 'this kernel has no function klp_enable_patch, or has inlined it',
        remedy: expect.stringMatching(/./),
      },
    ])
    expect(inventory).toMatchObject({
      reason: expect.stringMatching(/^this kernel has no variable klp_patches; not seen: ./),
      remedy: expect.stringMatching(/./),
    })
    expect(shadow?.lost).toMatchObject([
      {
        loss: 'frees, and live counts',
        reason: "this kernel's verifier refuses the program",
        remedy: expect.stringMatching(/./),
      },
    ])
    expect(
      findings
        .filter(({ rule }) => rule === 'tracer-blind')
        .map(({ subject, severity }) => [subject, severity])
        .sort(),
    ).toEqual([
      ['inventory', 'warning'],
      // Those that are missing for one reason are one finding.
      ...(older ? [] : [['lifecycle: klp_enable_patch', 'info']]),
      ['shadow: klp_shadow_free_struct', 'info'],
      ...(older
        ? [
            ['tasks: klp_check_and_switch_task, lifecycle: klp_enable_patch', 'info'],
            ['tasks: klp_try_complete_transition', 'info'],
          ]
        : []),
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
    // Those that the transition's worker switches are not seen on 5.10.
    const least = older ? 0 : 50
    expect(Object.values(lastTransition?.switched ?? {}).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(
      least,
    )
    lab.go('patched')
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
  })
})
