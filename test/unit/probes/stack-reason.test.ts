import { describe, expect, it } from 'vitest'
import type { EventOf } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { stackReason } from '../../../daemon/probes/stack-reason.ts'
import { objectFact, recordKind } from '../../../daemon/raw/enums.ts'
import { probe, taskId } from '../support/probe.ts'

const schedule = 0xffffffff81c00010n
const searched = [
  { name: 'f', from: 0x1000n, to: 0x1100n },
  { name: 'g', from: 0x2000n, to: 0x2100n },
]
const reasonOf = (stack: bigint[], own: { onCpu?: boolean; frames?: number } = {}) =>
  stackReason(
    // What is read into stands behind it.
    {
      onCpu: false,
      frames: stack.length * 8,
      address: [...stack, ...Array(32 - stack.length).fill(0n)],
      ...own,
    },
    searched,
  )

describe('the reason from a stack', () => {
  it('is the function that is on it', () => {
    expect(reasonOf([schedule, 0x1004n])).toEqual({ reason: 'sleeping-on-function', function: 'f' })
  })

  it('is, of several functions on it, the one that the kernel looks for first', () => {
    expect(reasonOf([schedule, 0x2004n, 0x1004n])).toMatchObject({ function: 'f' })
  })

  it.each([
    ['before its begin', 0xfffn, 'unknown'],
    ['at its begin', 0x1000n, 'sleeping-on-function'],
    ['in its last byte', 0x10ffn, 'sleeping-on-function'],
    ['behind its end', 0x1100n, 'unknown'],
  ])('ends where the function ends: %s', (_, at, reason) => {
    expect(reasonOf([schedule, at])).toMatchObject({ reason })
  })

  it('is that it runs, whatever an older stack of it shows', () => {
    expect(reasonOf([schedule, 0x1004n], { onCpu: true })).toEqual({ reason: 'running', function: null })
  })

  it('is not known of a stack that could not be read, or was read in part', () => {
    expect(reasonOf([schedule, 0x1004n], { frames: -14 })).toEqual({ reason: 'unknown', function: null })
    expect(reasonOf([schedule, 0x1004n], { frames: 8 })).toEqual({ reason: 'unknown', function: null })
  })

  it('is not known of a stack without such a function: it need not be unreliable', () => {
    expect(reasonOf([schedule, 0x3000n])).toEqual({ reason: 'unknown', function: null })
  })
})

/** One function, at 0x1000; `a` puts 0x5000 in its place, `b` on top of that 0x6000. */
const stack = (name: string, walk: number, monoNs: bigint, ...patches: ('a' | 'b')[]): RawRecord[] => {
  const own = { a: 0x5000n, b: 0x6000n }
  const nodes = { a: 0xa0n, b: 0xb0n }
  const head = 0xff0n
  const func = (of: 'a' | 'b') =>
    probe('inventory-func', {
      walk,
      patched: true,
      function: name,
      oldFunc: 0x1000n,
      oldSize: 0x100n,
      newFunc: own[of],
      newSize: 0x80n,
      stackNode: nodes[of],
      // The newest is in front.
      stackNext: of === 'b' && patches.includes('a') ? nodes.a : head,
      stackPrev: of === 'a' && patches.includes('b') ? nodes.b : head,
    })
  return [
    ...patches.flatMap((of) => [
      probe('inventory-patch', { walk, enabled: true, patch: of }),
      probe('inventory-object', { walk, facts: objectFact.PATCHED | objectFact.LOADED }),
      func(of),
    ]),
    probe('inventory-end', { walk, monoNs, complete: true, entries: 3 * patches.length }),
  ]
}

const waitedFor = (
  monoNs: bigint,
  ...tasks: { tid?: number; at?: bigint; onCpu?: boolean }[]
): RawRecord[] => [
  ...tasks.map(({ tid = 7, at, onCpu = false }) =>
    probe('task-waited-for', {
      monoNs,
      task: taskId(tid),
      state: 2,
      onCpu,
      frames: at === undefined ? 0 : 8,
      address: [at ?? 0n],
    }),
  ),
  probe('tasks-end', { monoNs, list: recordKind['task-waited-for'], rows: tasks.length, complete: true }),
]

let sequence = 0
const logLine = (monoNs: string, text: string): RawRecord => ({
  monoNs,
  source: 'kernel-log',
  line: `6,${sequence++},${Number(monoNs) / 1000},-;livepatch: ${text}`,
})
const begins = (patch: string, direction: string, monoNs = '1000000') =>
  logLine(monoNs, `'${patch}': starting ${direction} transition`)
const noProbes = (lost: string[] = ['klp_check_and_switch_task']): RawRecord => ({
  monoNs: '1',
  source: 'tracer',
  what: 'attached',
  probeSets: [
    { name: 'transition', available: false, reason: 'passive: started with --passive' },
    {
      name: 'tasks',
      available: true,
      lost: lost.map((name) => ({ name, loss: 'loss', reason: 'reason', remedy: 'remedy' })),
    },
  ],
})

type Blocked = EventOf<'task-blocked'>
/** What is told of blocked tasks after these records. */
const told = (...records: (RawRecord | RawRecord[])[]) => {
  const decoder = createDecoder()
  return records
    .flat()
    .flatMap((record) => decoder.decode(record))
    .filter((event): event is Omit<Blocked, 'seq' | 'time'> => event.kind === 'task-blocked')
    .map(({ tid, reason, function: name, basis }) => [tid, reason, name, basis])
}
const sleeping = [7, 'sleeping-on-function', 'f', 'inferred']

describe('what is looked for', () => {
  const passive = noProbes()

  it.each([
    ['the original, when it is patched first', 'a', 'patching', ['a'], 0x1004n, [sleeping]],
    ['not the replacement then', 'a', 'patching', ['a'], 0x5004n, []],
    ['the replacement, when it is unpatched', 'a', 'unpatching', ['a'], 0x5004n, [sleeping]],
    ['not the original then', 'a', 'unpatching', ['a'], 0x1004n, []],
    ['the earlier replacement, when it is patched again', 'b', 'patching', ['a', 'b'], 0x5004n, [sleeping]],
    ['not the original then, which nobody runs', 'b', 'patching', ['a', 'b'], 0x1004n, []],
    ['the upper replacement, when that is unpatched', 'b', 'unpatching', ['a', 'b'], 0x6004n, [sleeping]],
    ['nothing of another patch', 'c', 'patching', ['a', 'b'], 0x1004n, []],
  ] as const)('is %s', (_, patch, direction, patches, at, expected) => {
    expect(
      told(
        passive,
        begins(patch, direction),
        stack('f', 1, 2_000_000n, ...patches),
        waitedFor(3_000_000n, { at }),
      ),
    ).toEqual(expected)
  })

  it('is not known before the functions were read in this direction', () => {
    const early = waitedFor(2_000_000n, { at: 0x1004n })
    expect(told(passive, stack('f', 1, 500_000n, 'a'), begins('a', 'patching'), early)).toEqual([])
  })
})

describe('a blocked task', () => {
  const begun = [noProbes(), begins('a', 'patching'), ...stack('f', 1, 2_000_000n, 'a')]

  it('is told once per reason, and again when the reason is another', () => {
    expect(
      told(
        begun,
        waitedFor(3_000_000n, { at: 0x1004n }),
        waitedFor(4_000_000n, { at: 0x1004n }),
        waitedFor(5_000_000n, { onCpu: true }),
      ),
    ).toEqual([sleeping, [7, 'running', undefined, 'inferred']])
  })

  it('is not told to be without a reason when it has just left the function, but when that lasts', () => {
    const left = (monoNs: bigint) => waitedFor(monoNs, { at: schedule })
    const asleep = (monoNs: bigint) => waitedFor(monoNs, { at: 0x1004n })
    expect(told(begun, asleep(3_000_000n), left(4_000_000n), asleep(5_000_000n), left(6_000_000n))).toEqual([
      sleeping,
    ])
    expect(told(begun, asleep(3_000_000n), left(4_000_000n), left(5_000_000n), left(6_000_000n))).toEqual([
      sleeping,
      [7, 'unknown', undefined, 'inferred'],
    ])
  })

  it('is told anew when the transition was turned round', () => {
    expect(
      told(
        begun,
        waitedFor(3_000_000n, { at: 0x1004n }),
        begins('a', 'unpatching', '4000000'),
        stack('f', 2, 5_000_000n, 'a'),
        waitedFor(6_000_000n, { at: 0x5004n }),
      ),
    ).toEqual([sleeping, sleeping])
  })

  it('is left to the kernel log, which knows more', () => {
    const unreliable = logLine('3500000', 'klp_try_switch_task: task-7:7 has an unreliable stack')
    expect(
      told(begun, waitedFor(3_000_000n, { at: 0x1004n }), unreliable, waitedFor(4_000_000n, { at: 0x1004n })),
    ).toEqual([sleeping, [7, 'unreliable-stack', undefined, 'kernel-log']])
  })

  it('is told by 5.10 in other words', () => {
    const asleep = logLine('3500000', 'klp_check_stack: task-7:7 is sleeping on function f')
    expect(told(begun, waitedFor(3_000_000n, {}, { tid: 8 }), asleep)).toEqual([
      [7, 'sleeping-on-function', 'f', 'kernel-log'],
    ])
  })

  it('is left to the probe that tells, where there is one', () => {
    expect(
      told(
        noProbes([]),
        begins('a', 'patching'),
        stack('f', 1, 2_000_000n, 'a'),
        waitedFor(3_000_000n, { at: 0x1004n }),
      ),
    ).toEqual([])
  })
})

describe('a signal round', () => {
  const rounds = (lost: string[]): number[] => {
    const decoder = createDecoder()
    const records = [
      noProbes(lost),
      begins('a', 'patching'),
      logLine('2000000', 'signaling remaining tasks'),
      probe('transition-signalled', { monoNs: 2_000_001n, round: 1 }),
    ]
    return records
      .flatMap((record) => decoder.decode(record))
      .flatMap((event) => (event.kind === 'transition-signalled' ? [event.round] : []))
  }

  it('is told by its probe alone, also where another of the set is lost', () => {
    expect(rounds(['klp_check_and_switch_task'])).toEqual([1])
  })

  it('is told by the kernel log where its probe is lost', () => {
    expect(rounds(['klp_check_and_switch_task', 'klp_try_complete_transition'])).toEqual([1, 1])
  })
})
