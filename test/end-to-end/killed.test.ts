import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { State, Transition } from '../../daemon/contract/state.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab, wholeOn } from './support/lab-session.ts'
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

/** The kernel takes its probes away before it has ended: on a slow machine its silence is noticed first. */
const byWorker = /^the tracer (was ended by signal 9|says nothing any more)/
const byParent = /^the tracer (ended \(SIGKILL\)|says nothing any more)/

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
      .toEqual([wholeOn(kernel), 'on', 'on', 'on', 'on'])

  /** Newest first, without those in which a daemon had just been started. */
  const gaps = async () =>
    (await state()).tracer.gaps
      .filter(({ reason }) => reason !== 'the probes were being attached')
      .map(({ source, reason, seen }) => [source, reason, seen])

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

  it("of the tracer's worker, it is back, and the time between is a gap", async () => {
    await lab.at('worker-back')
    await expect
      .poll(gaps, { timeout: 30_000 })
      .toContainEqual(['tracer', expect.stringMatching(byWorker), 'polling'])
    await allAttached()
    // Until its probes are attached again: one outage is one gap.
    expect(await gaps()).toEqual([['tracer', expect.stringMatching(byWorker), 'polling']])
    await stallIsShown()
    lab.go('worker-back')
  })

  it('of its parent, both are back, and the time between is a gap', async () => {
    await lab.at('parent-back')
    await expect
      .poll(gaps, { timeout: 30_000 })
      .toContainEqual(['tracer', expect.stringMatching(byParent), 'polling'])
    await allAttached()
    expect(await gaps()).toEqual([
      ['tracer', expect.stringMatching(byParent), 'polling'],
      ['tracer', expect.stringMatching(byWorker), 'polling'],
    ])
    await stallIsShown()
    lab.go('parent-back')
  })

  it.each([
    ['the daemon and its tracer', 'both-back'],
    ['the daemon alone', 'daemon-back'],
  ])('of %s, all are back, and the time between is a gap', async (_, step) => {
    await lab.at(step)
    await allAttached()
    expect((await gaps())[0]).toEqual(['daemon', 'the daemon was not running', 'nothing'])
    await stallIsShown()
    lab.go(step)
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
    expect(first.programs).toBeGreaterThan(40)
    expect(first.kprobes).toBeGreaterThan(40)
    for (const name of ['worker-back', 'parent-back', 'both-back', 'daemon-back'])
      expect(left(lab.read(`left-${name}`)), name).toEqual(first)
    const never = left(lab.read('left-never'))
    expect(never.pins).toBe(0)
    for (const name of ['all-killed', 'daemon-killed', 'stopped'])
      expect(left(lab.read(`left-${name}`)), name).toEqual(never)
  })

  it('every gap is in the record', () => {
    const record = readRecord(lab.outDir)
    expect(record.transitions).toHaveLength(1)
    const told = record.events.filter((event) => event.kind === 'tracer-gap')
    // Of the tracer when it ended, and again when its probes were attached.
    expect(told.map(({ source, reason }) => [source, reason])).toEqual([
      ['tracer', expect.stringMatching(byWorker)],
      ['tracer', expect.stringMatching(byWorker)],
      ['tracer', expect.stringMatching(byParent)],
      ['tracer', 'the tracer had to be restarted'],
      ['daemon', 'the daemon was not running'],
      ['daemon', 'the daemon was not running'],
    ])
    for (const gap of told) expect(BigInt(gap.fromMonoNs)).toBeLessThan(BigInt(gap.toMonoNs))
    for (const [begun, over] of [told.slice(0, 2), told.slice(2, 4)])
      expect(over?.fromMonoNs).toBe(begun?.fromMonoNs)
  })
})
