import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loggedTransitions, recordedBlocked, wrongTimes } from './support/ground-truth.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

describe.each(kernels)('every scenario on Linux %s, against the kernel log', (kernel) => {
  let lab: LabSession
  let record: ReturnType<typeof readRecord>
  let logged: ReturnType<typeof loggedTransitions>

  beforeAll(async () => {
    lab = await openLab(kernel, 'scenarios.sh', { daemon: true, timeoutS: 1200 })
    await lab.outcome
    record = readRecord(lab.outDir)
    logged = loggedTransitions(lab.read('dmesg.txt'))
  })
  afterAll(() => lab?.stop())

  it('did what each scenario says', async () => {
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
  })

  it('recorded every transition: patch, direction, outcome, reversed, forced', () => {
    const kept = ({ patch, direction, outcome, reversals, forced }: (typeof record.transitions)[number]) => ({
      patch,
      direction,
      outcome,
      reversals,
      forced,
    })
    const told = logged.map(({ patch, direction, outcome, reversals, forced }) => ({
      patch,
      direction,
      outcome,
      reversals,
      forced,
    }))
    expect(told.length).toBeGreaterThan(20)
    expect(record.transitions.map(kept)).toEqual(told)
  })

  it('recorded when each began and ended', () => {
    // A load that is refused before klp_start_transition() never starts.
    const startUnseen = record.transitions.filter((transition) => !transition.startKnown)
    expect(startUnseen.filter(({ outcome }) => outcome !== 'cancelled')).toEqual([])
    expect(
      record.transitions.flatMap((transition, index) => wrongTimes(transition, logged[index]!, 0.25)),
    ).toEqual([])
  })

  it('recorded every task the kernel could not switch, and why', () => {
    for (const [index, transition] of record.transitions.entries()) {
      const truth = [...(logged[index]?.blocked ?? [])].sort()
      expect(
        [...recordedBlocked(record.events, transition.id)].sort(),
        `transition ${transition.id} of ${transition.patch}`,
      ).toEqual(truth)
    }
  })

  it('names the BPF program that made a stack unreliable', () => {
    const blames = record.events.flatMap((event) =>
      event.kind === 'task-inspected' && event.blame ? [event.blame] : [],
    )
    // The newest kernels know their trampolines: there is nothing to blame.
    if (!/sleep:\d+ has an unreliable stack/.test(lab.read('dmesg.txt'))) {
      expect([kernel, blames]).toEqual(['7.2', []])
      return
    }
    expect(blames.join('\n')).toMatch(
      /BPF program .+ \(id \d+, fexit on hrtimer_nanosleep\) of bpftrace \(\d+\)/,
    )
  })

  it('tells what a signal round changed: the readers left first, on their way out of the kernel', () => {
    const readers = (transition: (typeof record.transitions)[number]) =>
      (transition.signals ?? []).flatMap(({ left }) => left).filter(({ comm }) => comm === 'cat')
    const [signalled, ...others] = record.transitions.filter((transition) => readers(transition).length > 0)
    expect(others).toEqual([])
    expect(signalled?.signals?.[0]).toMatchObject({ round: 1, blocked: 4 })
    expect(signalled && readers(signalled)).toHaveLength(3)
    expect(signalled?.signals?.[0]?.left.slice(0, 3).map(({ comm, way }) => [comm, way])).toEqual([
      ['cat', 'kernel-exit'],
      ['cat', 'kernel-exit'],
      ['cat', 'kernel-exit'],
    ])
  })

  it('counts the tasks born switched while a transition was held up', () => {
    const [stalled] = record.transitions
    expect(stalled?.switched?.forked).toBeGreaterThan(0)
  })

  it('remembers who slept in a changed function when a transition was forced', () => {
    const forced = record.transitions.filter((transition) => transition.forced)
    expect(forced.map(({ forcedWhileIn }) => forcedWhileIn)).toEqual(
      forced.map(() => [
        { tid: expect.any(Number), comm: 'klpt-sleeper', function: 'klpt_sleep_in_function' },
      ]),
    )
    expect(forced).toHaveLength(2)
  })

  it('knows who asked, with the command line', () => {
    const asked = record.transitions.map(({ requester }) => requester?.comm)
    expect(asked.filter((comm) => comm === undefined)).toEqual([])
    const lines = record.transitions.map(({ requester }) => requester?.commandLine ?? '')
    expect(lines.some((line) => line.startsWith('insmod /lab/modules/klpt_patch_v1.ko'))).toBe(true)
  })

  it('bundles the evidence of a stall, and takes out of it what is nobody’s business', async () => {
    const read = async (bundle: string, file: string) =>
      (await execa('tar', ['xzOf', join(lab.outDir, bundle), '--wildcards', `*/${file}`])).stdout
    const readme = await read('bundle.tar.gz', 'README.txt')
    expect(readme).toMatch(
      /klpt-sleeper \(\d+\), a kernel thread, held the patching of klpt_patch_v1 up for .*: it was sleeping in klpt_sleep_in_function/,
    )
    expect(await read('bundle.tar.gz', 'kernel-log.txt')).toContain(
      "livepatch: 'klpt_patch_v1': starting patching transition",
    )
    expect(await read('bundle.tar.gz', 'host/modules.tsv')).toMatch(/^name\tversion\tsrcversion/)
    expect(await read('bundle.tar.gz', 'report.html')).toContain('klpt_wait_for_release')
    expect(await read('bundle.tar.gz', '*')).toMatch(/klpscope-lab[\s\S]*insmod \/lab\/modules/)
    expect(await read('bundle-redacted.tar.gz', '*')).not.toMatch(/klpscope-lab|insmod \/lab\/modules/)
  })

  it('lost nothing and understood everything', () => {
    const trouble = record.events.filter((event) =>
      ['decode-failed', 'events-lost', 'tracer-gap'].includes(event.kind),
    )
    expect(trouble).toEqual([])
    expect(record.events.map((event) => event.seq)).toEqual(record.events.map((_, index) => index + 1))
  })
})
