import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event, EventKind } from '../../daemon/contract/event.ts'
import type { Transition } from '../../daemon/contract/state.ts'
import { loggedTransitions, recordedBlocked, wrongTimes } from './support/ground-truth.ts'
import { kernels, type LabSession, openLab } from './support/lab-session.ts'
import { readRecord } from './support/record.ts'

/** What no probe tells, nobody tells: bpf/README.md has the table. */
const unseen: readonly EventKind[] = [
  'patch-loading',
  'transition-tried',
  'transition-finishing',
  'task-switched',
  'tasks-switched',
  'task-tries',
  'object-patched',
  'object-unpatched',
  'module-coming',
  'module-going',
  'callback-entered',
  'callback-called',
  'callback-skipped',
  'patch-replaced',
  'patch-released',
  'function-calls',
  'shadow-allocated',
  'shadow-freed',
  'shadow-duplicate',
]

describe.each(kernels)('every scenario on Linux %s without probes, against the kernel log', (kernel) => {
  let lab: LabSession
  let events: Event[]
  let transitions: Transition[]
  let logged: ReturnType<typeof loggedTransitions>

  beforeAll(async () => {
    const outDir = mkdtempSync(join(tmpdir(), 'klpscope-test-'))
    // KLPSCOPE_SCENARIOS narrows them while developing.
    if (process.env.KLPSCOPE_SCENARIOS)
      writeFileSync(join(outDir, 'scenarios'), process.env.KLPSCOPE_SCENARIOS)
    const options = { outDir, daemon: true, daemonFlags: ['--passive'], timeoutS: 2100 }
    lab = await openLab(kernel, 'scenarios.sh', options)
    await lab.outcome
    ;({ events, transitions } = readRecord(lab.outDir))
    logged = loggedTransitions(lab.read('dmesg.txt'))
  })
  afterAll(() => lab?.stop())

  it('did what each scenario says', async () => {
    expect(await lab.outcome, lab.read('script.log')).toMatchObject({ exitCode: 0 })
  })

  it('recorded every transition: patch, direction, outcome, reversed, forced', () => {
    const kept = ({
      patch,
      direction,
      outcome,
      reversals,
      forced,
    }: Pick<Transition, 'patch' | 'direction' | 'outcome' | 'reversals' | 'forced'>) => ({
      patch,
      direction,
      outcome,
      reversals,
      forced,
    })
    expect(transitions.length).toBeGreaterThan(0)
    expect(transitions.map(kept)).toEqual(
      logged.map(({ outcome, ...one }) => kept({ ...one, outcome: outcome as Transition['outcome'] })),
    )
  })

  it('recorded when each began and ended', () => {
    // The log's clock and the monotonic one differ by up to 50 ms.
    const wide = (one: Transition): Transition => ({
      ...one,
      startedMonoNs: String(BigInt(one.startedMonoNs) - (one.startKnown ? 50_000_000n : 0n)),
      durationMs: one.durationMs + (one.startKnown ? 100 : 50),
    })
    expect(transitions.flatMap((one, index) => wrongTimes(wide(one), logged[index]!, 0.25))).toEqual([])
  })

  it('told no reason that the kernel did not have', () => {
    for (const [index, { id }] of transitions.entries()) {
      const truth = logged[index]?.blocked ?? new Set()
      const sleeping = [...recordedBlocked(events, id)].filter((one) =>
        one.includes(' sleeping-on-function '),
      )
      for (const one of sleeping) expect([...truth]).toContain(one)
    }
  })

  it('does not know what only probes see, and says so', () => {
    const told = new Set(events.map(({ kind }) => kind))
    expect(unseen.filter((kind) => told.has(kind))).toEqual([])
    expect(transitions.map(({ requester }) => requester)).toEqual(transitions.map(() => null))
    const attached = events.filter((event) => event.kind === 'tracer-attached')
    expect(attached).toHaveLength(1)
    const reasons = attached.flatMap(({ probeSets }) =>
      probeSets.flatMap(({ reason, lost = [] }) => [reason ?? '', ...lost.map((part) => part.reason)]),
    )
    expect(reasons.some((reason) => reason.startsWith('passive: started with --passive'))).toBe(true)
  })

  it('lost nothing and understood everything', () => {
    const trouble = events.filter((event) =>
      ['decode-failed', 'events-lost', 'tracer-gap'].includes(event.kind),
    )
    expect(trouble).toEqual([])
  })
})
