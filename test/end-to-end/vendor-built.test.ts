import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Functions, PatchedFunction } from '../../daemon/contract/functions.ts'
import type { BlockedTask, Shadow } from '../../daemon/contract/state.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

/** klpt_many's, and five more: test/lab/modules/klpt_vendor.h. */
const functionsPatched = 245
const id = '0x1004'

describe.each(kernels)('patches as vendors build them on Linux %s', (kernel) => {
  let lab: LabSession
  inSteps()
  beforeAll(async () => {
    lab = await openLab(kernel, 'vendor-built.sh', { timeoutS: 2_400 })
  })
  afterAll(async () => {
    await lab?.stop()
  })

  const until = { timeout: 480_000, interval: 2_000 }
  const soon = { timeout: 60_000, interval: 500 }
  const functions = async () =>
    (await lab.get<Omit<Functions, 'items'> & { functions: PatchedFunction[] }>('functions')).functions
  const shown = async (object: string, name: string) =>
    (await functions()).find((func) => func.object === object && func.function === name)
  const calls = async (object: string, name: string) => {
    const { entered = 0, redirected = 0, old = 0 } = (await shown(object, name))?.calls ?? {}
    return { entered, redirected, old }
  }
  const counted = [
    ['vmlinux', 'cmdline_proc_show'],
    ['klpt_target', 'klpt_object_create'],
    ['klpt_twins', 'klpt_twin_show'],
    ['klpt_many', 'klpt_many_000'],
    ['klpt_many', 'klpt_many_239'],
  ] as const
  const allCalls = () => Promise.all(counted.map(([object, name]) => calls(object, name)))
  let before: Awaited<ReturnType<typeof allCalls>> = []
  /** Each was called so many times since, and each call redirected. */
  const expectCalls = (...more: number[]) =>
    expect.poll(allCalls, soon).toEqual(
      before.map(({ entered, redirected, old }, index) => {
        const fresh = more[index] ?? 0
        return { entered: entered + fresh, redirected: redirected + fresh, old }
      }),
    )
  const allocators = async () =>
    (await lab.get<Shadow>('shadow')).ids.find((each) => each.id === id)?.allocators ?? []

  it('names who blocks, and the function in which it sleeps', async () => {
    await lab.at('stalled')
    const blocked = async () => (await lab.get<{ tasks: BlockedTask[] }>('tasks?blocked=1')).tasks
    await expect.poll(blocked, soon).toContainEqual(
      expect.objectContaining({
        comm: 'klpt-sleeper',
        reason: 'sleeping-on-function',
        function: 'klpt_sleep_in_function',
      }),
    )
    lab.go('stalled')
  })

  it('shows what is in effect, by the names of the originals', async () => {
    await lab.at('patched')
    await expect.poll(async () => (await functions()).length, soon).toBe(functionsPatched)
    for (const [object, name] of counted)
      await expect
        .poll(() => shown(object, name), soon)
        .toMatchObject({
          loaded: true,
          stack: [{ patch: 'kpatch_vendor', symbol: name, nop: false }],
          inEffect: { patch: 'kpatch_vendor', symbol: name },
          inEffectUnpatched: null,
          ftraceSite: true,
          sympos: name === 'klpt_twin_show' ? 2 : 1,
        })
  })

  it('counts the calls of each, original and replacement', async () => {
    await expect
      .poll(async () => (await functions()).filter(({ counting }) => counting.status !== 'on'), until)
      .toEqual([])
    before = await allCalls()
    lab.go('patched')
    await lab.at('called')
    await expectCalls(3, 6, 4, 5, 5)
  })

  it('names who allocates shadow variables', async () => {
    await expect
      .poll(allocators, soon)
      .toEqual([{ function: 'klpt_object_create', module: 'kpatch_vendor', livepatch: true, allocated: 6 }])
    lab.go('called')
  })

  it('and the same of the patch that replaces it', async () => {
    await lab.at('replaced')
    for (const [object, name] of counted)
      await expect
        .poll(() => shown(object, name), soon)
        .toMatchObject({ inEffect: { patch: 'livepatch_vendor', symbol: name } })
    await expect
      .poll(async () => (await functions()).filter(({ counting }) => counting.status !== 'on'), until)
      .toEqual([])
    before = await allCalls()
    lab.go('replaced')
    await lab.at('replaced-called')
    await expectCalls(2, 1, 3, 0, 0)
    await expect.poll(allocators, soon).toContainEqual({
      function: 'klpt_object_create',
      module: 'livepatch_vendor',
      livepatch: true,
      allocated: 1,
    })
    lab.go('replaced-called')
  })

  it('let every patch go, and missed nothing', async () => {
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    const { events } = readRecord(lab.outDir)
    for (const kind of ['decode-failed', 'tracer-gap', 'events-lost'])
      expect(events.filter((event) => event.kind === kind)).toEqual([])
  })
})
