import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../../daemon/contract/event.ts'
import type { State } from '../../daemon/contract/state.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab, wholeOn } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

const byFtrace = /^kernel\.ftrace_enabled is 0/
const byKprobes = /kprobes\/enabled is 0/
const bySilence = /^the tracer says nothing any more/

describe.each(kernels)('a tracer that is attached and sees nothing, on Linux %s', (kernel) => {
  let lab: LabSession
  const state = () => lab.get<State>('state')
  const whole = wholeOn(kernel)
  const statusOf = async () => (await state()).tracer.status
  const becomes = (status: State['tracer']['status'], timeout = 30_000) =>
    expect.poll(statusOf, { timeout, interval: 250 }).toBe(status)
  const events = async (query: string) =>
    (await lab.get<{ events: Event[] }>(`events?limit=500&${query}`)).events
  /** The uptime before the script did something, and after it: under emulation that may take a second. */
  const at = (name: string) => Number(lab.read(name))
  const done = (name: string) => Number(lab.read(`${name}-done`))
  const seconds = (monoNs: string) => Number(BigInt(monoNs) / 1_000_000n) / 1000
  /** Of the tracer, those that were told between two moments of the script. */
  const gapsBetween = async (from: string, to?: string) =>
    (await events('kind=tracer-gap'))
      .filter((event) => event.kind === 'tracer-gap')
      .map(({ source, reason, fromMonoNs, toMonoNs, monoNs }) => ({
        source,
        reason,
        from: seconds(fromMonoNs),
        to: seconds(toMonoNs),
        told: seconds(monoNs),
      }))
      .filter(({ told }) => told >= at(from) && (to === undefined || told < at(to)))
      .sort((a, b) => a.told - b.told)
  /** Null: not known. */
  const live = async () => (await state()).shadow.ids.find(({ id }) => id === '0x2001')?.live ?? null
  const liveBecomes = (count: number) => expect.poll(live, { timeout: 60_000, interval: 500 }).toBe(count)

  /** Within so many seconds it has to be told. */
  const patienceS = 5
  const isBlindSince = async (name: string, reason: RegExp) => {
    await becomes('blind')
    const [first] = await gapsBetween(name)
    expect(first).toMatchObject({ source: 'tracer', reason: expect.stringMatching(reason) })
    expect((first?.told ?? 0) - done(name)).toBeLessThan(patienceS)
    // Since the last proof that they fired.
    expect(first?.from).toBeGreaterThan(at(name) - patienceS)
    expect(first?.from).toBeLessThan(done(name) + 0.5)
    const { findings, tracer } = await state()
    expect(findings.find(({ rule }) => rule === 'tracer-blind')?.summary).toContain(first?.reason)
    expect(tracer.gaps[0]).toMatchObject({ source: 'tracer', seen: 'polling', lasts: true })
    return first
  }

  /** The finding of a probe that somebody disabled. */
  const ofDisabled = async () =>
    (await state()).findings.filter(({ summary }) => summary.includes('has disabled its probe'))

  inSteps()
  beforeAll(async () => {
    lab = await openLab(kernel, 'proof-of-life.sh', { timeoutS: 1500 })
    await lab.at('attached')
  })
  afterAll(() => lab?.stop())

  it('(sees everything first)', async () => {
    await becomes(whole, 300_000)
    await liveBecomes(2)
    lab.go('attached')
  })

  it('because ftrace is switched off, says so, and tells of a refused load by the kernel log', async () => {
    await lab.at('ftrace-off')
    await isBlindSince('ftrace-off', byFtrace)
    await expect
      .poll(async () => (await events('kind=patch-load-refused')).length, { timeout: 30_000, interval: 500 })
      .toBe(1)
    const [refused] = await events('kind=patch-load-refused')
    expect(refused).toMatchObject({ patch: 'klpt_patch_v1', basis: 'kernel-log' })
    expect(refused?.kind === 'patch-load-refused' && refused.remedy).toContain('kernel.ftrace_enabled=1')
    // Iterators need no probe.
    const { tasks } = await state()
    expect(tasks.total).toBeGreaterThan(20)
    expect(await live()).toBeNull()
    lab.go('ftrace-off')
    await lab.at('ftrace-on')
    expect(lab.read('status-ftrace-off')).toMatch(/WARNING.*Only sysfs.*kernel\.ftrace_enabled is 0.*since/s)
  })

  it('says when they fire again, misses nothing from then on, and counts what is there', async () => {
    await becomes(whole)
    const told = await gapsBetween('ftrace-on', undefined)
    expect(told[0]).toMatchObject({ source: 'tracer', reason: expect.stringMatching(byFtrace) })
    expect((told[0]?.told ?? 0) - done('ftrace-on')).toBeLessThan(patienceS)
    await lifeIsWhole('ftrace-on')
    await liveBecomes(3)
    lab.go('ftrace-on')
  })

  /** Both transitions of a patch as the probes tell them. */
  const lifeIsWhole = async (from: string) => {
    const kinds = ['transition-started', 'transition-completed', 'patch-enabled', 'patch-disabled']
    const told = (await events(`kind=${kinds.join(',')}`))
      .filter(({ monoNs }) => seconds(monoNs) > at(from))
      .sort((a, b) => a.seq - b.seq)
    expect(told.map(({ kind }) => kind).filter((kind) => kind.startsWith('transition'))).toEqual([
      'transition-started',
      'transition-completed',
      'transition-started',
      'transition-completed',
    ])
    expect(told.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['patch-enabled', 'patch-disabled']))
    for (const event of told) expect(event).not.toHaveProperty('basis')
    for (const event of told) if (event.kind === 'transition-started') expect(event.adopted).toBe(false)
  }

  it('because kprobes are switched off, says so, and when they fire again', async () => {
    await lab.at('kprobes-off')
    await isBlindSince('kprobes-off', byKprobes)
    lab.go('kprobes-off')
    await lab.at('kprobes-on')
    await becomes(whole)
    const told = await gapsBetween('kprobes-on')
    expect((told[0]?.told ?? 0) - done('kprobes-on')).toBeLessThan(patienceS)
    await lifeIsWhole('kprobes-on')
    await liveBecomes(3)
    lab.go('kprobes-on')
  })

  it('by one of its probes, which somebody disabled, says what is lost with it', async () => {
    await lab.at('disabled')
    await expect.poll(ofDisabled, { timeout: 30_000, interval: 250 }).toHaveLength(1)
    expect((await ofDisabled())[0]?.lost).toContain('frees, and live counts')
    expect(await statusOf()).toBe('degraded')
    const told = (await events('kind=tracer-attached')).sort((a, b) => a.seq - b.seq).at(-1)
    expect(seconds(told?.monoNs ?? '0') - done('disabled')).toBeLessThan(patienceS)
    lab.go('disabled')
    await lab.at('enabled')
    await expect.poll(ofDisabled, { timeout: 30_000, interval: 250 }).toEqual([])
    await becomes(whole)
    const [gap] = await gapsBetween('enabled')
    expect(gap).toMatchObject({
      source: 'the probe of klp_shadow_free_struct',
      reason: expect.stringContaining('has disabled its probe'),
    })
    expect(gap?.from).toBeGreaterThan(at('disabled') - patienceS)
    expect(gap?.from).toBeLessThan(done('disabled') + 0.5)
    await liveBecomes(2)
    expect((await state()).findings.filter(({ rule }) => rule === 'shadow-count-drift')).toEqual([])
    lab.go('enabled')
  })

  it('because it is stopped, is noticed; others tell of a transition; it begins anew when it goes on', async () => {
    await lab.at('stopped')
    await isBlindSince('stopped', bySilence)
    await expect
      .poll(async () => (await state()).patches.map(({ name, state }) => [name, state]), { timeout: 30_000 })
      .toEqual([['klpt_patch_v1', 'enabled']])
    lab.go('stopped')
    await lab.at('going-on')
    await becomes(whole, 120_000)
    expect(lab.read('status-stopped')).toMatch(/Only sysfs.*the tracer says nothing any more/)
    await liveBecomes(2)
    lab.go('going-on')
  })

  it('because both its processes are stopped, is noticed', async () => {
    await lab.at('both-stopped')
    await isBlindSince('both-stopped', bySilence)
    lab.go('both-stopped')
    await lab.at('both-going-on')
    await becomes(whole, 120_000)
    lab.go('both-going-on')
  })

  it('has each story once, and nothing undecodable, in the record', async () => {
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    const { events: all, transitions } = readRecord(lab.outDir)
    expect(all.filter(({ kind }) => kind === 'decode-failed')).toEqual([])
    expect(all.filter(({ kind }) => kind === 'patch-load-refused')).toHaveLength(1)
    expect(transitions.map(({ patch, direction, outcome }) => [patch, direction, outcome])).toEqual([
      // The refused load.
      ['klpt_patch_v1', 'patching', 'cancelled'],
      ...[0, 1, 2].flatMap(() => [
        ['klpt_patch_v1', 'patching', 'completed'],
        ['klpt_patch_v1', 'unpatching', 'completed'],
      ]),
    ])
    expect(all.filter(({ kind }) => kind === 'transition-started')).toHaveLength(6)
  })
})
