import { describe, expect, it } from 'vitest'
import type { EventDraft, EventOf } from '../../../daemon/contract/event.ts'
import { createDecoder } from '../../../daemon/probes/decode.ts'
import type { RawRecord } from '../../../daemon/probes/raw-record.ts'
import { recordKind } from '../../../daemon/raw/enums.ts'
import { probe, startRecords, taskId } from '../support/probe.ts'

const sleep = 0xffffffffc0689fd0n
const kthread = 0xffffffff810a1000n
const trampoline = 0xffffffffc0700000n
const key = (1n << 32n) | 0x8000_0000n | 76628n

const waitedFor = (tid: number, addresses: bigint[], startBootNs = 5000n) =>
  probe('task-waited-for', {
    monoNs: 5n,
    task: { ...taskId(tid), startBootNs },
    frames: addresses.length * 8,
    address: [...addresses, ...Array<bigint>(32 - addresses.length).fill(0n)],
  })
const listEnd = (rows: number) =>
  probe('tasks-end', { monoNs: 6n, list: recordKind['task-waited-for'], rows, complete: true })
const symbol =
  (start: bigint, name: string, module = '') =>
  (address: bigint) =>
    probe('symbol', { monoNs: 7n, address, start, name, module })
const sleepIn = symbol(sleep, 'klpt_sleep_in_function', 'klpt_target')(sleep + 0x12n)
const kthreadIn = symbol(kthread, 'kthread')(kthread + 0xe7n)
const trampolineIn = symbol(trampoline, `bpf_trampoline_${key}`, 'bpf')(trampoline + 0x41n)
const asleep = [sleep + 0x12n, kthread + 0xe7n]
const start = startRecords(2n, 'p', 1)

const stacksIn = (records: RawRecord[]): EventOf<'task-inspected'>[] => {
  const decoder = createDecoder()
  const events: EventDraft[] = [...start, ...records].flatMap((record) => decoder.decode(record))
  return events.filter((event) => event.kind === 'task-inspected') as EventOf<'task-inspected'>[]
}

describe('the stack of a task that a transition waits for', () => {
  it('is told when all of its addresses have names, innermost first', () => {
    expect(stacksIn([waitedFor(7, asleep), listEnd(1), sleepIn])).toEqual([])
    expect(stacksIn([waitedFor(7, asleep), listEnd(1), sleepIn, kthreadIn])).toMatchObject([
      {
        tid: 7,
        stack: ['klpt_sleep_in_function+0x12 [klpt_target]', 'kthread+0xe7'],
        runs: 'klpt_sleep_in_function [klpt_target]',
      },
    ])
  })

  it('shows an address where the kernel knows no name', () =>
    expect(stacksIn([waitedFor(7, [0xabcn]), listEnd(1), symbol(0n, '')(0xabcn)])).toMatchObject([
      { stack: ['0xabc'] },
    ]))

  it('is told once, and again when the task is blocked again, or another has its tid', () => {
    const names = [sleepIn, kthreadIn]
    const again = [waitedFor(7, asleep), listEnd(1)]
    expect(stacksIn([...again, ...names, ...again])).toHaveLength(1)
    const blocked = probe('task-blocked', { task: taskId(7), error: -98 })
    expect(stacksIn([...again, ...names, blocked, ...again])).toHaveLength(2)
    expect(stacksIn([...again, ...names, waitedFor(7, asleep, 6000n), listEnd(1)])).toHaveLength(2)
  })

  it('is told of some tasks with each list, of all in the end', () => {
    const tids = Array.from({ length: 120 }, (_, tid) => tid + 100)
    const list = [...tids.map((tid) => waitedFor(tid, asleep)), listEnd(tids.length)]
    const lists = (count: number) => [sleepIn, kthreadIn, ...Array(count).fill(list).flat()]
    expect(stacksIn(lists(1))).toHaveLength(50)
    expect(new Set(stacksIn(lists(3)).map(({ tid }) => tid)).size).toBe(120)
  })

  it('of which the kernel gave none is not told', () =>
    expect(stacksIn([probe('task-waited-for', { frames: -14 }), listEnd(1)])).toEqual([]))

  it('blames the program whose trampoline is on it, also when that is listed later', () => {
    const link = (pid: number) =>
      probe('tracing-link', {
        holder: { ...taskId(pid, pid === 0 ? '' : 'bpftrace') },
        linkId: 2,
        programId: 7,
        attachType: 25,
        targetObjectId: 1,
        targetBtfId: 76628,
        program: 'nap',
      })
    const stack = [waitedFor(7, [sleep + 0x12n, trampoline + 0x41n]), listEnd(1), sleepIn, trampolineIn]
    const blamed = (...links: RawRecord[]) =>
      stacksIn([...stack, ...links, probe('tracing-links-end', { rows: links.length, complete: true })]).map(
        ({ blame }) => blame,
      )
    const unknown = 'a BPF program on klpt_sleep_in_function, which one is not known'
    const program = 'BPF program nap (id 7, fexit on klpt_sleep_in_function)'
    expect(blamed()).toEqual([unknown])
    expect(blamed(link(0), link(216))).toEqual([unknown, `${program} of bpftrace (216)`])
    expect(blamed(link(0))).toEqual([unknown, `${program}, which no process is known to hold`])
  })
})
