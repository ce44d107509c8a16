import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event, EventOf } from '../../daemon/contract/event.ts'
import type { Functions, PatchedFunction } from '../../daemon/contract/functions.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

const name = 'klpt_proc_show'

describe.each(kernels)('patched functions on Linux %s', (kernel) => {
  let lab: LabSession
  inSteps()
  beforeAll(async () => {
    lab = await openLab(kernel, 'functions.sh')
  })
  afterAll(async () => {
    await lab?.stop()
  })

  const functions = () => lab.get<Omit<Functions, 'items'> & { functions: PatchedFunction[] }>('functions')
  const shown = async (which = name) =>
    (await functions()).functions.find((func) => func.function === which) ?? null
  const counted = async () => {
    const calls = (await shown())?.calls
    return calls && { entered: calls.entered, redirected: calls.redirected, old: calls.old }
  }
  const until = { timeout: 120_000, interval: 500 }
  const countingIs = (status: string) =>
    expect.poll(async () => (await shown())?.counting.status, until).toBe(status)

  it('shows none while none is patched', async () => {
    await lab.at('unpatched')
    await expect.poll(functions, until).toMatchObject({ source: 'kernel', functions: [] })
    expect((await lab.get<{ events: Event[] }>('events?kind=function-calls')).events).toEqual([])
    lab.go('unpatched')
  })

  it('shows the split of a stalled transition, and counts while it lasts', async () => {
    await lab.at('stalled')
    await countingIs('on')
    expect(await shown()).toMatchObject({
      stack: [{ patch: 'klpt_patch_v1', symbol: 'klpt_v1_proc_show', nop: false }],
      inEffect: { patch: 'klpt_patch_v1' },
      inEffectUnpatched: { patch: null, symbol: name },
      ftraceSite: true,
    })
    lab.go('stalled')
    await lab.at('stalled-called')
    await expect.poll(counted, until).toEqual({ entered: 7, redirected: 7, old: 0 })
    lab.go('stalled-called')
  })

  it('goes on counting when the transition is completed', async () => {
    await lab.at('patched-called')
    await expect.poll(counted, until).toEqual({ entered: 16, redirected: 16, old: 0 })
    expect(await shown()).toMatchObject({ inEffectUnpatched: null })
    lab.go('patched-called')
  })

  it('misses no call and counts none twice while one patch replaces another', async () => {
    await expect
      .poll(async () => (await shown())?.stack?.map(({ patch }) => patch), until)
      .toEqual(['klpt_patch_v2', 'klpt_patch_v1'])
    await expect.poll(async () => (await shown('klpt_sleep_in_function'))?.stack?.[0]?.nop, until).toBe(true)
    await countingIs('on')
    lab.go('handover')
    await lab.at('replacing')
    const entered = 16 + Number(lab.read('handover'))
    await expect.poll(async () => (await shown())?.calls?.entered, until).toBe(entered)
    const before = (await shown())?.calls
    expect(before?.old).toBe(0)
    lab.go('replacing')
    await lab.at('replacing-called')
    const redirected = (before?.redirected ?? 0) + 11
    await expect.poll(counted, until).toEqual({ entered: entered + 11, redirected, old: 0 })
    lab.go('replacing-called')
    await lab.at('replaced-called')
    await expect.poll(counted, until).toEqual({ entered: entered + 24, redirected: redirected + 13, old: 0 })
    expect(await shown('klpt_sleep_in_function')).toBeNull()
    lab.go('replaced-called')
  })

  it('stops with the last patch', async () => {
    await lab.at('unpatched-again')
    await expect.poll(async () => (await functions()).functions, until).toEqual([])
    lab.go('unpatched-again')
  })

  it('tells calls of old code from redirected ones, and counts none from between the two patches', async () => {
    await lab.at('patched-again')
    await countingIs('on')
    lab.go('patched-again')
    await lab.at('leaving-called')
    await expect.poll(counted, until).toEqual({ entered: 6, redirected: 0, old: 6 })
    expect(await shown()).toMatchObject({ inEffectUnpatched: { patch: null, symbol: name } })
    lab.go('leaving-called')
  })

  it('stops counting a function that is called too often, and says so', async () => {
    await lab.at('hot')
    await countingIs('on')
    lab.go('hot')
    await countingIs('off')
    expect((await shown())?.counting.reason).toMatch(/^called \d+ times a second, more than 200$/)
    await expect.poll(async () => (await shown('klpt_object_create'))?.counting.status, until).toBe('on')
    lab.go('hot-called')
  })

  it('let every patch load and go, and lost nothing', async () => {
    const result = await lab.outcome
    expect(result, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    const events = readRecord(lab.outDir).events
    expect(events.filter((event) => event.kind === 'decode-failed')).toEqual([])
    expect(events.filter((event) => event.kind === 'tracer-gap')).toEqual([])
    expect(events.filter((event) => event.kind === 'events-lost')).toEqual([])
    const calls = events.filter(
      (event): event is EventOf<'function-calls'> => event.kind === 'function-calls',
    )
    const seconds = calls.map((event) => event.second)
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b))
  })
})
