import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State, Transition } from '../../daemon/contract/state.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

/** What of BPF is in the kernel, see killed.sh. */
const left = (text: string): Record<string, number> =>
  Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([kind = '', count]) => [kind, Number(count)]),
  )

describe.each(kernels)('after kill -9 on Linux %s', (kernel) => {
  let lab: LabSession
  const state = () => lab.get<State>('state')
  const allAttached = () =>
    expect
      .poll(
        async () => {
          const { tracer, functions } = await state()
          return [tracer.status, ...functions.items.map((item) => item.counting.status)]
        },
        { timeout: 300_000, interval: 1_000 },
      )
      .toEqual(['observing', 'on', 'on', 'on', 'on'])

  inSteps()
  beforeAll(async () => {
    lab = await openLab(kernel, 'killed.sh', { timeoutS: 1500 })
    await lab.at('attached')
  })
  afterAll(() => lab?.stop())

  /** The stall is still there, with who holds it up, and is the one that began before the first kill. */
  let stall: Transition | null = null
  const stallIsShown = async () => {
    await expect
      .poll(async () => (await state()).blocked.map(({ comm, reason }) => [comm, reason]), {
        timeout: 60_000,
        interval: 1_000,
      })
      .toEqual([['klpt-sleeper', 'sleeping-on-function']])
    const { transition } = await state()
    stall ??= transition
    expect(transition).toMatchObject({
      id: stall?.id,
      patch: 'klpt_patch_v1',
      direction: 'unpatching',
      startedMonoNs: stall?.startedMonoNs,
      startKnown: true,
    })
  }

  it('(everything is attached before, also to what is older than the daemon; then a transition stalls)', async () => {
    await allAttached()
    const { patches } = await state()
    expect(patches.map(({ name, state }) => [name, state])).toEqual([['klpt_patch_v1', 'enabled']])
    // The hash is walked once everything is attached.
    await expect
      .poll(async () => (await state()).shadow.ids.find(({ id }) => id === '0x1001')?.live, {
        timeout: 60_000,
        interval: 1_000,
      })
      .toBe(2)
    lab.go('attached')
    await lab.at('stalled')
    await stallIsShown()
    lab.go('stalled')
  })

  it('of its tracers, they are back, and the time between is a gap', async () => {
    await lab.at('tracers-back')
    await expect
      .poll(async () => (await state()).tracer.gaps.map(({ source }) => source), { timeout: 30_000 })
      .toEqual(expect.arrayContaining(['bpftrace', 'function-calls']))
    await allAttached()
    const { tracer } = await state()
    expect(tracer.gaps.map(({ source, reason }) => [source, reason])).toEqual(
      expect.arrayContaining([
        // Until its probes are attached again: one outage is one gap.
        ['bpftrace', 'bpftrace ended (SIGKILL)'],
        ['function-calls', 'bpftrace ended (SIGKILL)'],
      ]),
    )
    await stallIsShown()
    lab.go('tracers-back')
  })

  it('of the daemon and its tracers, they are back, and the time between is a gap', async () => {
    await lab.at('both-back')
    await allAttached()
    const { tracer } = await state()
    expect(tracer.gaps).toContainEqual(
      expect.objectContaining({ source: 'daemon', seen: 'nothing', reason: 'the daemon was not running' }),
    )
    await stallIsShown()
    lab.go('both-back')
  })

  it('of all of them, the stall is one transition from its start to its end', async () => {
    await lab.at('released')
    await expect
      .poll(async () => (await state()).lastTransition, { timeout: 60_000, interval: 1_000 })
      .toMatchObject({ id: stall?.id, outcome: 'completed', startedMonoNs: stall?.startedMonoNs })
    lab.go('released')
  })

  it('nothing is attached or pinned twice, and nothing at all after an orderly end', async () => {
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    const first = left(lab.read('left-attached'))
    expect(first.programs).toBeGreaterThan(50)
    expect(first.pins).toBe(1)
    expect(left(lab.read('left-tracers-back'))).toEqual(first)
    expect(left(lab.read('left-both-back'))).toEqual(first)
    expect(left(lab.read('left-stopped'))).toEqual(left(lab.read('left-never')))
  })

  it('every gap is in the record', () => {
    const record = readRecord(lab.outDir)
    expect(record.transitions).toHaveLength(1)
    const gaps = record.events.filter((event) => event.kind === 'tracer-gap')
    expect(gaps.map(({ source }) => source).sort()).toEqual([
      'bpftrace',
      'bpftrace',
      'daemon',
      'function-calls',
    ])
    for (const gap of gaps) expect(BigInt(gap.fromMonoNs)).toBeLessThan(BigInt(gap.toMonoNs))
  })
})
