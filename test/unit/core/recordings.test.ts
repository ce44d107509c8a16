import { describe, expect, it } from 'vitest'
import type { Event, EventKind } from '../../../daemon/contract/event.ts'
import type { BlockedTask, Transition } from '../../../daemon/contract/state.ts'
import { headlineOf } from '../../../daemon/core/headline.ts'
import { countSwitched } from '../../../daemon/core/transition.ts'
import { view } from '../../../daemon/core/view.ts'
import type { Step } from '../../../daemon/engine.ts'
import { eventsOf, ofKind, recordingsOf, stepsOf } from '../support/recordings.ts'

/** Every transition of a recording as it ended, oldest first. */
const transitionsOf = (name: string): Transition[] => {
  const ended = new Map<string, Transition>()
  for (const { state } of stepsOf(name)) {
    if (state.lastTransition) ended.set(state.lastTransition.id, state.lastTransition)
  }
  return [...ended.values()]
}
const story = (name: string): string[] =>
  transitionsOf(name).map(({ patch, direction, outcome }) => `${patch} ${direction} ${outcome}`)

/** The sleeper as it was last seen blocked while a patch was put in place; on a busy machine a look may catch it later too. */
const sleeperOf = (name: string): BlockedTask | undefined =>
  stepsOf(name)
    .filter(({ state }) => state.transition?.direction === 'patching')
    .flatMap(({ state }) => [...state.blocked.values()])
    .filter((task) => task.comm === 'klpt-sleeper')
    .at(-1)
const switchesOf = (events: readonly Event[], comm: string) =>
  ofKind(events, 'task-switched').filter((event) => event.comm === comm)
const findingsOf = (name: string): string[] =>
  stepsOf(name).flatMap(({ effects }) =>
    effects.flatMap((effect) =>
      effect.kind === 'finding-changed'
        ? [`${effect.finding.rule} ${effect.finding.closedAt === null ? 'open' : 'closed'}`]
        : [],
    ),
  )
const lastIndexOf = (steps: readonly Step[], kind: EventKind): number =>
  steps.map(({ event }) => event.kind).lastIndexOf(kind)
const lastState = (name: string) => stepsOf(name).at(-1)!.state

describe.each(recordingsOf('stall-sleeping'))('%s', (name) => {
  it('is one transition each way, begun by insmod and by the shell', () => {
    expect(story(name)).toEqual(['klpt_patch_v1 patching completed', 'klpt_patch_v1 unpatching completed'])
    const [patching, unpatching] = transitionsOf(name)
    expect(patching).toMatchObject({
      startKnown: true,
      replace: false,
      requester: { comm: 'insmod', parentComm: 'bash' },
    })
    expect(unpatching?.requester).toMatchObject({
      comm: 'bash',
      commandLine: expect.stringContaining('stall-sleeping.sh'),
    })
    // The scenario watches the stall for five seconds.
    expect(patching?.durationMs).toBeGreaterThan(5_000)
  })

  it('the sleeper is blocked by the function it sleeps in, tried each second, and switched by the worker', () => {
    const sleeper = sleeperOf(name)
    expect(sleeper).toMatchObject({
      reason: 'sleeping-on-function',
      function: 'klpt_sleep_in_function',
      kthread: true,
      idle: false,
      stack: expect.arrayContaining([expect.stringMatching(/^klpt_sleep_in_function\+/)]),
    })
    expect(sleeper?.tries).toBeGreaterThanOrEqual(3)
    expect(switchesOf(eventsOf(name), 'klpt-sleeper')).toMatchObject([{ way: 'transition-worker', to: 1 }])
  })

  it('in the end it was the only one, and the headline said so', () => {
    const remaining = ofKind(eventsOf(name), 'tasks-observed').flatMap((event) =>
      event.remaining === null ? [] : [event.remaining],
    )
    expect(remaining).toContain(1)
    const headlines = new Set(stepsOf(name).map(({ state }) => headlineOf(state).text))
    expect(headlines).toContain('klpt_patch_v1: patching')
    expect(headlines).toContain('No transition is running; klpt_patch_v1 is enabled.')
    expect(headlines).toContain('No transition is running; no livepatch is enabled.')
  })

  it('nearly all others were switched at once, counted in the kernel', () => {
    const [patching] = transitionsOf(name)
    const counted = patching ? countSwitched(patching) : 0
    expect(patching?.switched['transition-worker']).toBeGreaterThan(30)
    // With the tasks that had been blocked first, that is about every task there is.
    const total = lastState(name).taskCounts.total ?? 0
    expect(Math.abs(counted + switchesOf(eventsOf(name), 'klpt-sleeper').length - total)).toBeLessThan(10)
  })

  it('leaves nothing behind', () => {
    const { transition, blocked, patches, findings, taskCounts } = lastState(name)
    expect([transition, blocked.size, findings.size]).toEqual([null, 0, 0])
    expect(patches.filter((patch) => patch.enabled || patch.inTransition)).toEqual([])
    expect(taskCounts).toMatchObject({ idle: 2 })
  })
})

describe.each(recordingsOf('replace'))('%s', (name) => {
  it('the second patch replaces the first, which is gone without a transition of its own', () => {
    expect(story(name)).toEqual([
      'klpt_patch_v1 patching completed',
      'klpt_patch_v2 patching completed',
      'klpt_patch_v2 unpatching completed',
    ])
    expect(transitionsOf(name).map(({ replace }) => replace)).toEqual([false, true, true])
    const shown = ofKind(eventsOf(name), 'patches-observed').map(({ patches }) =>
      patches.map((patch) => patch.name).join(),
    )
    expect(shown[0]).toBe('')
    expect(shown.at(-1)).toBe('')
    expect(shown).toContain('klpt_patch_v1,klpt_patch_v2')
    expect(shown).toContain('klpt_patch_v2')
  })

  it('waits for the sleeper', () => {
    expect(sleeperOf(name)).toMatchObject({ reason: 'sleeping-on-function' })
    expect(transitionsOf(name)[1]?.durationMs).toBeGreaterThan(5_000)
  })

  it('counts the shadow variables both patches made, and that all were freed', () => {
    // Call by call there were never more than five; a reading of the counts, one a second and none in a transition's
    // first second, may miss that.
    const balance = [0]
    for (const event of eventsOf(name)) {
      const change = { 'shadow-allocated': 1, 'shadow-freed': -1 }[event.kind as string]
      if (change && 'id' in event && event.id === '0x1001') balance.push(balance.at(-1)! + change)
    }
    expect([Math.max(...balance), balance.at(-1)]).toEqual([5, 0])
    const read = new Set(stepsOf(name).map(({ state }) => state.shadow.ids.get('0x1001')?.live ?? 0))
    expect([...read].filter((live) => live !== 5)).toEqual([0, 3])
    expect(lastState(name).shadow.ids.get('0x1001')).toMatchObject({
      live: 0,
      liveBytes: 0,
      allocated: 5,
      freed: 5,
    })
    expect(lastState(name).shadow.ids.get('0x1002')).toMatchObject({ live: 0, allocated: 2, freed: 2 })
    expect(ofKind(eventsOf(name), 'shadow-freed-all').map(({ id, count }) => `${id} ${count}`)).toEqual(
      expect.arrayContaining(['0x1001 5', '0x1002 2']),
    )
  })
})

describe.each(recordingsOf('reverse'))('%s', (name) => {
  it('is one transition that turned round and completed the other way', () => {
    expect(story(name)).toEqual(['klpt_patch_v1 unpatching completed'])
    expect(transitionsOf(name)[0]).toMatchObject({ reversals: 1, forced: false, startKnown: true })
    expect(ofKind(eventsOf(name), 'transition-started')).toHaveLength(1)
    expect(ofKind(eventsOf(name), 'transition-reversed')).toMatchObject([
      { direction: 'unpatching', comm: 'bash', transition: transitionsOf(name)[0]?.id },
    ])
  })

  it('the sleeper was in the way of patching only', () => {
    expect(sleeperOf(name)).toMatchObject({ function: 'klpt_sleep_in_function' })
    const reversed = stepsOf(name).findIndex(({ event }) => event.kind === 'transition-reversed')
    const after = stepsOf(name).slice(reversed)
    expect(after.flatMap(({ state }) => [...state.blocked.values()]).map((task) => task.comm)).not.toContain(
      'klpt-sleeper',
    )
    // It never was patched, so nobody had to switch it.
    expect(switchesOf(eventsOf(name), 'klpt-sleeper')).toEqual([])
  })
})

describe.each(recordingsOf('cancel'))('%s', (name) => {
  it('is a transition that never started, and whose insmod was told no', () => {
    expect(story(name)).toEqual(['klpt_patch_fail patching cancelled'])
    expect(transitionsOf(name)[0]).toMatchObject({ requester: { comm: 'insmod' }, startKnown: false })
    expect(ofKind(eventsOf(name), 'transition-completed')).toEqual([])
    expect(lastState(name).transition).toBeNull()
  })
})

describe.each(recordingsOf('shadow'))('%s', (name) => {
  /** What the scenario itself counts: see its expect_counts. */
  it.each([
    ['0x2001', { live: 0, allocated: 3, freed: 3, duplicates: 1, found: 1, missed: 1, sizesBytes: [16] }],
    ['0x2002', { live: 0, allocated: 2, freed: 2, failures: 1 }],
    ['0x2003', { live: 0, allocated: 1, freed: 1, found: 1 }],
    ['0x2fff', { live: 0, allocated: 2000, freed: 2000, sizesBytes: [8] }],
    ['0x1001', undefined],
  ])('the account of id %s is exact', (id, expected) => {
    const counted = lastState(name).shadow.ids.get(id)
    if (expected) expect(counted).toMatchObject(expected)
    else expect(counted).toBeUndefined()
  })

  it('one id for two sizes has both, and no bytes', () => {
    const id = lastState(name).shadow.ids.get('0x2002')
    expect([...(id?.sizesBytes ?? [])].sort((a, b) => a - b)).toEqual([8, 64])
    const live = stepsOf(name).flatMap(({ state }) => state.shadow.ids.get('0x2002') ?? [])
    const both = live.filter(({ live, sizesBytes }) => live !== 0 && sizesBytes.length > 1)
    expect(both.length).toBeGreaterThan(0)
    expect(both.every(({ liveBytes }) => liveBytes === null)).toBe(true)
    // None is live any more.
    expect(id?.liveBytes).toBe(0)
  })

  it('a storm is counted whole although few of its events are streamed', () => {
    const streamed = ofKind(eventsOf(name), 'shadow-allocated').filter(({ id }) => id === '0x2fff').length
    expect(streamed).toBeGreaterThan(0)
    expect(streamed).toBeLessThan(500)
    expect(ofKind(eventsOf(name), 'shadow-counts').at(-1)?.notStreamed).toBeGreaterThan(3_000)
  })

  it('wrong uses are findings', () => {
    expect(findingsOf(name)).toEqual(
      expect.arrayContaining([
        'shadow-duplicate open',
        'shadow-alloc-failed open',
        'shadow-size-mismatch open',
      ]),
    )
    expect(lastState(name).findings.size).toBe(3)
  })

  it('variables older than the tracer have been looked for', () =>
    expect(lastState(name).shadow.adoption).toBe('complete'))
})

describe.each(recordingsOf('restart'))('%s', (name) => {
  const steps = stepsOf(name)
  const second = lastIndexOf(steps, 'tracer-started')

  it('the second run goes on with the transition of the first: same id, same start, same blocker', () => {
    expect(story(name)).toEqual(['klpt_patch_v1 patching completed', 'klpt_patch_v1 unpatching completed'])
    const before = steps[second - 1]!.state
    const adopted = ofKind(eventsOf(name), 'transition-started').find((event) => event.adopted)
    expect(adopted?.transition).toBe(before.transition?.id)
    expect(transitionsOf(name)[0]).toMatchObject({
      id: before.transition?.id,
      startKnown: true,
      startedAt: before.transition?.startedAt,
    })
    expect(view(steps[second]!.state).blocked).toEqual(view(before).blocked)
  })

  it('says at once that it is stalled, before any probe is attached', () => {
    const stalled = steps.findIndex(({ state }, index) => index > second && state.transition?.stalled)
    const attached = lastIndexOf(steps, 'tracer-attached')
    expect(stalled).toBeGreaterThan(second)
    expect(stalled).toBeLessThan(attached)
    expect(headlineOf(steps[stalled]!.state)).toMatchObject({
      level: 'critical',
      text: expect.stringMatching(
        /^klpt_patch_v1: patching stalled, 1 task blocks it: klpt-sleeper \(\d+\), sleeping on klpt_sleep_in_function$/,
      ),
    })
  })

  it('the stall is a finding until the transition ends', () => {
    expect(findingsOf(name)).toContain('transition-stalled open')
    expect(findingsOf(name).at(-1)).toBe('transition-stalled closed')
    expect(lastState(name).findings.size).toBe(0)
  })

  it('the time between the runs is a gap', () => {
    const gap = lastState(name).tracer.gaps.find(({ source }) => source === 'daemon')
    expect(gap).toMatchObject({ source: 'daemon', reason: 'the daemon was not running' })
    expect(gap?.to).toBe(steps[second]!.event.time)
    expect(gap?.from.localeCompare(gap?.to)).toBe(-1)
  })
})

describe.each(recordingsOf('tracer-killed'))('%s', (name) => {
  const steps = stepsOf(name)
  const death = steps.findIndex(({ event }) => event.kind === 'tracer-gap')

  it('the death of the tracer is on the timeline, and when it was back', () => {
    expect(steps[death]!.event).toMatchObject({
      source: 'tracer',
      reason: 'the tracer was ended by signal 9 (Killed)',
    })
    expect(steps[death]!.state.tracer.status).toBe('starting')
    const back = steps.findIndex(({ event }, index) => index > death && event.kind === 'tracer-attached')
    expect(steps[back]!.state.tracer.status).toBe('observing')
    expect(ofKind(eventsOf(name), 'tracer-gap')[1]).toMatchObject({
      fromMonoNs: (steps[death]!.event as { fromMonoNs?: string }).fromMonoNs,
      toMonoNs: expect.stringMatching(/^\d+$/),
    })
  })

  it('meanwhile the transition, its blocker and the stall stay known, from snapshots', () => {
    const id = steps[death]!.state.transition?.id
    expect(id).toBeDefined()
    const back = steps.findIndex(({ event }, index) => index > death && event.kind === 'tracer-attached')
    for (const { state } of steps.slice(death, back)) {
      expect(state.transition?.id).toBe(id)
      expect([...state.blocked.values()]).toMatchObject([{ comm: 'klpt-sleeper' }])
    }
    expect(findingsOf(name)).toContain('transition-stalled open')
  })

  it('the new tracer says again why the task is blocked', () => {
    const blocked = ofKind(
      // While there is no tracer the kernel log says it.
      eventsOf(name).filter(
        (event) =>
          event.kind === 'task-blocked' && event.comm === 'klpt-sleeper' && event.basis !== 'kernel-log',
      ),
      'task-blocked',
    )
    expect(blocked.map((event) => event.function)).toEqual([
      'klpt_sleep_in_function',
      'klpt_sleep_in_function',
    ])
  })
})

describe.each(recordingsOf('signals'))('%s', (name) => {
  it('the signal round moved the readers; the kernel thread left when it was released, by another way', () => {
    const [transition] = transitionsOf(name)
    expect(transition?.signalRounds).toBe(1)
    const [round, ...more] = transition?.signals ?? []
    expect(more).toEqual([])
    expect(round).toMatchObject({ round: 1, blocked: 4, leftTotal: 4 })
    expect(round?.left.map(({ comm, way }) => [comm, way])).toEqual([
      ['cat', 'kernel-exit'],
      ['cat', 'kernel-exit'],
      ['cat', 'kernel-exit'],
      ['klpt-sleeper', 'transition-worker'],
    ])
    for (const { at } of round?.left ?? []) expect(at > (round?.at ?? '')).toBe(true)
  })
})

describe.each(recordingsOf('pinned'))('%s', (name) => {
  it('a module that a forced replace took away, and that is never let go, is a finding', () => {
    expect(story(name)).toContain('klpt_patch_v2 patching completed')
    expect(findingsOf(name)).toContain('replaced-module-pinned open')
  })
})

describe.each(recordingsOf('no-tracer'))('%s', (name) => {
  it('says once why the task is blocked, as the kernel log says it at every try', () => {
    // Idle tasks may have been in the way of the first try.
    const blocked = ofKind(eventsOf(name), 'task-blocked').filter((event) => !event.idle)
    expect(blocked).toMatchObject([
      {
        comm: 'klpt-sleeper',
        reason: 'sleeping-on-function',
        function: 'klpt_sleep_in_function',
        kthread: true,
        basis: 'kernel-log',
      },
    ])
    expect(ofKind(eventsOf(name), 'task-inspected')[0]?.stack).toEqual(
      expect.arrayContaining([expect.stringMatching(/^klpt_sleep_in_function\+/)]),
    )
    expect(sleeperOf(name)).toMatchObject({ reason: 'sleeping-on-function' })
  })

  it('shows the stalled transition, and that no probe is there', () => {
    expect(story(name)).toEqual(['klpt_patch_v1 patching completed', 'klpt_patch_v1 unpatching completed'])
    // By the kernel log.
    expect(transitionsOf(name).every((transition) => transition.startKnown)).toBe(true)
    expect(findingsOf(name)).toContain('tracer-blind open')
    expect(lastState(name).tracer.probeSets.some((set) => set.available)).toBe(false)
  })
})

describe.each(recordingsOf('hostile-names'))('%s', (name) => {
  it('names come through to the byte, and what cannot be seen is spelt out', () => {
    const names = new Set(
      ofKind(eventsOf(name), 'tasks-observed').flatMap((event) => event.changed.map((task) => task.comm)),
    )
    for (const comm of [
      'new\\x0aline',
      '"quotes"\\\\',
      'tab\\x09)\\x1b[31m',
      '\\x09klpscope-end',
      '["task.blocked"',
      '\\xff\\xfe\\xc3',
    ]) {
      expect(names).toContain(comm)
    }
  })

  it('also that of who asks for a transition', () => {
    expect(transitionsOf(name).at(-1)).toMatchObject({
      direction: 'unpatching',
      outcome: 'completed',
      requester: { comm: 'a"b\\x0a\\c\\x09\'}' },
    })
  })
})
