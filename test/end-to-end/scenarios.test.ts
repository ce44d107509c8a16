import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Finding, RuleName } from '../../daemon/contract/finding.ts'
import { functionLabel } from '../../daemon/contract/function-identity.ts'
import { type CoreState, initialState } from '../../daemon/core/core-state.ts'
import type { Effect } from '../../daemon/core/effect.ts'
import { functionsOf } from '../../daemon/core/functions-view.ts'
import { headlineOf } from '../../daemon/core/headline.ts'
import { reduce } from '../../daemon/core/reduce.ts'
import { loggedTransitions, recordedBlocked, wrongTimes } from './support/ground-truth.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

describe.each(kernels)('every scenario on Linux %s, against the kernel log', (kernel) => {
  let lab: LabSession
  let record: ReturnType<typeof readRecord>
  let logged: ReturnType<typeof loggedTransitions>
  let steps: { state: CoreState; effects: Effect[] }[]
  const findings = (rule: RuleName): Finding[] =>
    steps.flatMap(({ effects }) =>
      effects.flatMap((effect) =>
        effect.kind === 'finding-changed' && effect.finding.rule === rule ? [effect.finding] : [],
      ),
    )

  beforeAll(async () => {
    lab = await openLab(kernel, 'scenarios.sh', { daemon: true, timeoutS: 2100 })
    await lab.outcome
    record = readRecord(lab.outDir)
    logged = loggedTransitions(lab.read('dmesg.txt'))
    let state = initialState
    steps = record.events.map((event) => {
      const [next, effects] = reduce(state, event)
      state = next
      return { state, effects }
    })
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
    // Some kernels know their trampolines, or see none: there is nothing to blame.
    if (!/sleep:\d+ has an unreliable stack/.test(lab.read('dmesg.txt'))) {
      expect(['5.10', '7.2']).toContain(kernel)
      expect(blames).toEqual([])
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
    // On 5.10 the tracer does not know whom the kernel has tried: only lists of the tasks show who left.
    const seenWay = kernel === '5.10' ? 'snapshot' : 'kernel-exit'
    expect(signalled?.signals?.[0]?.left.slice(0, 3).map(({ comm, way }) => [comm, way])).toEqual([
      ['cat', seenWay],
      ['cat', seenWay],
      ['cat', seenWay],
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

  it('says of a patch in a callback which one and who waits for it, and never took it for a transition', () => {
    const entered = record.events.flatMap((event) =>
      event.kind === 'callback-entered' && event.patch === 'klpt_patch_slow'
        ? [`${event.comm} ${event.callback} ${event.object}`]
        : [],
    )
    expect(entered).toEqual([
      'insmod pre_patch klpt_target',
      'bash pre_unpatch klpt_target',
      'insmod pre_patch klpt_target',
    ])
    const headlines = steps.flatMap(({ state }) => headlineOf(state).text)
    expect(headlines).toContainEqual(
      expect.stringMatching(/^klpt_patch_slow: loading, in its pre_patch callback for klpt_target;/),
    )
    expect(headlines).toContainEqual(
      expect.stringMatching(/^klpt_patch_slow: being disabled, in its pre_unpatch callback for klpt_target;/),
    )
    expect(findings('load-hung').map(({ subject }) => subject)).toContain('klpt_patch_slow')
    expect(record.events.filter((event) => event.kind === 'transition-started' && event.adopted)).toEqual([])
  })

  it('advises to reverse where a kernel thread never leaves its main function', () => {
    const stalled = findings('transition-stalled').filter(({ subject }) => subject === 'klpt_patch_nap')
    expect(stalled.length).toBeGreaterThan(0)
    const { advice } = stalled.at(-1)!
    expect(advice).toMatch(/klpt-napper .*in its own main function, klpt_nap_loop.*Reverse the transition/)
    expect(advice).not.toMatch(/once \S+ returns|wait/i)
  })

  it('finds what a patch left that allocated while its module was being loaded', () => {
    expect(findings('shadow-left-behind').map(({ summary }) => summary)).toContainEqual(
      expect.stringMatching(/^shadow id 0x1003 of klpt_patch_early: 1 variable /),
    )
  })

  it('keeps functions of one name apart', () => {
    const shown = steps.map(({ state }) =>
      functionsOf(state).items.filter(({ object }) => object === 'klpt_twins'),
    )
    const both = shown.filter(
      (items) => items.length === 2 && items.every(({ stack }) => stack?.length === 1),
    )
    expect(
      both
        .at(-1)
        ?.map((item) => [functionLabel(item), item.inEffect?.symbol])
        .sort(),
    ).toEqual([
      ['klpt_twin_show,2', 'klpt_new_second'],
      ['klpt_twin_show', 'klpt_new_first'],
    ])
  })

  it('finds objects that no module can be', () => {
    expect([...new Set(findings('patch-bypassed').map(({ subject }) => subject))]).toEqual([
      'klpt_patch_misnamed klpt-target',
      'klpt_patch_misnamed klpt_target.ko',
      'klpt_patch_misnamed vmlinux',
    ])
  })

  it('keeps long names whole, and counts each call of hundreds of functions once, but of the one that takes no probe', ({
    skip,
  }) => {
    skip(kernel === '5.10', 'its names of functions are too short: the scenario many-functions says so')
    const long = record.events.flatMap((event) =>
      event.kind === 'task-blocked' && event.comm === 'klpt-long' && event.function ? [event.function] : [],
    )
    expect(new Set(long)).toEqual(
      new Set([
        `klpt_${'long_name_as_template_instances_and_rust_symbols_have_them_'.repeat(2)}and_its_tail`,
      ]),
    )
    const counted = steps
      .map(({ state }) => functionsOf(state).items.filter((item) => /^klpt_many_\d+$/.test(item.function)))
      // While a slow machine takes the patch away, function by function, only some are counted.
      .filter((items) => items.length > 0 && items.every(({ calls }) => calls !== null))
      .at(-1)
    expect(counted).toHaveLength(240)
    expect(
      new Set(counted?.map(({ calls }) => [calls?.entered, calls?.redirected, calls?.old].join())),
    ).toEqual(new Set(['10,10,0']))
    const unprobed = steps.flatMap(({ state }) =>
      functionsOf(state).items.filter((item) => item.function.startsWith('klpt_long_name')),
    )
    expect(unprobed.map(({ counting }) => counting)).toContainEqual({
      status: 'unavailable',
      reason: expect.stringMatching(/^the kernel takes no probe on its replacement/),
    })
  })

  it('lost nothing and understood everything', () => {
    const trouble = record.events.filter((event) =>
      ['decode-failed', 'events-lost', 'tracer-gap'].includes(event.kind),
    )
    expect(trouble).toEqual([])
    expect(record.events.map((event) => event.seq)).toEqual(record.events.map((_, index) => index + 1))
  })
})
