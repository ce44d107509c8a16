import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../../daemon/contract/event.ts'
import type { State, Transition } from '../../daemon/contract/state.ts'
import { loggedTransitions, wrongTimes } from './support/ground-truth.ts'
import { inSteps } from './support/in-steps.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

const seconds = (timeout: number) => ({ timeout: timeout * 1000 })

describe.each(kernels)('without any probe on Linux %s', (kernel) => {
  let lab: LabSession
  let record: { events: Event[]; transitions: Transition[] }
  const state = () => lab.get<State>('state')
  const at = (look: string): State => JSON.parse(lab.read(`${look}.json`)) as State
  const blockedNow = async () =>
    (await state()).blocked.map(({ comm, reason, function: name, kthread }) => ({
      comm,
      reason,
      name,
      kthread,
    }))
  const sleeper = {
    comm: 'klpt-sleeper',
    reason: 'sleeping-on-function',
    name: 'klpt_sleep_in_function',
    kthread: true,
  }

  inSteps()
  beforeAll(async () => {
    lab = await openLab(kernel, 'passive.sh')
  })
  afterAll(() => lab?.stop())

  it.each(['patching', 'replacing', 'unpatching'])(
    'names who holds up the %s, and where he sleeps',
    async (step) => {
      await lab.at(step)
      await expect.poll(blockedNow, seconds(60)).toEqual([sleeper])
      const { blocked, transition } = await state()
      expect(transition).toMatchObject({
        patch: step === 'replacing' ? 'klpt_patch_v2' : 'klpt_patch_v1',
        direction: step === 'unpatching' ? 'unpatching' : 'patching',
        startKnown: true,
        requester: null,
        remaining: 1,
      })
      await expect
        .poll(async () => (await state()).blocked[0]?.stack?.join('\n'), seconds(30))
        .toMatch(/klpt_wait_for_release/)
      expect(blocked[0]?.blame).toBeNull()
      lab.go(step)
    },
  )

  it('knows how many shadow variables there are, and does not take what it never counted for lost', async () => {
    await lab.at('counting')
    const counted = lab
      .read('shadow-counts')
      .trim()
      .split('\n')
      .map((line): [string, number] => {
        const [id = '', live] = line.split(' ')
        return [`0x${BigInt(id).toString(16)}`, Number(live)]
      })
    await expect
      .poll(async () => (await state()).shadow.ids.map(({ id, live }) => [id, live]), seconds(60))
      .toEqual(expect.arrayContaining(counted.filter(([, live]) => live > 0)))
    const { shadow, findings } = await state()
    expect(shadow.adoption).toBe('complete')
    expect(shadow.ids.map(({ drift }) => drift).filter((drift) => drift !== null)).toEqual([])
    expect(findings.map(({ rule }) => rule)).not.toContain('shadow-count-drift')
    lab.go('counting')
  })

  it('attached no probe', async () => {
    const result = await lab.outcome
    expect(result, lab.read('script.log')).toMatchObject({ exitCode: 0 })
    expect(lab.read('kprobes')).toBe('')
  })

  it('recorded when each transition began and ended, from the kernel log', () => {
    record = readRecord(lab.outDir)
    const logged = loggedTransitions(lab.read('dmesg.txt'))
    const { transitions } = record
    expect(
      transitions.map(({ patch, direction, outcome, reversals }) => [patch, direction, outcome, reversals]),
    ).toEqual(
      logged.map(({ patch, direction, outcome, reversals }) => [patch, direction, outcome, reversals]),
    )
    expect(transitions).toHaveLength(3)
    // The two clocks differ by some 50 ms.
    for (const [index, one] of transitions.entries())
      expect(
        wrongTimes(
          {
            ...one,
            startedMonoNs: String(BigInt(one.startedMonoNs) - 50_000_000n),
            durationMs: one.durationMs + 100,
          },
          logged[index]!,
          0.2,
        ),
      ).toEqual([])
  })

  it('told each reason once', () => {
    const told = record.events.flatMap((event) =>
      event.kind === 'task-blocked' && event.comm === 'klpt-sleeper'
        ? [`${event.transition} ${event.reason} ${event.function} ${event.basis}`]
        : [],
    )
    expect(told).toEqual(
      record.transitions.map(({ id }) => `${id} sleeping-on-function klpt_sleep_in_function inferred`),
    )
  })

  it('says what cannot be seen, why, and what to do', () => {
    const { tracer, findings } = at('quiet')
    expect(tracer.status).toBe('degraded')
    const passive = findings.find(({ rule, subject }) => rule === 'tracer-blind' && subject === 'passive')
    expect(passive).toMatchObject({
      severity: 'info',
      summary: expect.stringMatching(
        /^Passive mode, no probes are attached: \d+ things cannot be seen \(started with --passive\)$/,
      ),
      advice: 'Start the daemon without --passive to have probes attached.',
    })
    expect(passive?.lost).toEqual(
      expect.arrayContaining([
        'exact start and end of transitions, who asked, reverse, force, cancel',
        'tasks born in the target state',
      ]),
    )
    expect(lab.read('shadow.txt')).toMatch(
      /^0x2001 +1 +unknown +unknown +unknown .*\n[\s\S]*As many as the last walk/m,
    )
    expect(lab.read('status.txt')).toMatch(
      /^OK [\s\S]*info: Passive mode, no probes[\s\S]*tracer passive since 20/,
    )
    expect(at('patching').functions.items.map(({ calls }) => calls)).toEqual(
      at('patching').functions.items.map(() => null),
    )
  })

  it('lost nothing and understood everything', () => {
    const trouble = record.events.filter((event) =>
      ['decode-failed', 'events-lost', 'tracer-gap'].includes(event.kind),
    )
    expect(trouble).toEqual([])
  })
})
