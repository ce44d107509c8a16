import { describe, expect, it } from 'vitest'
import type { Event } from '../../../daemon/contract/event.ts'
import { describeEvent } from '../../../daemon/words/describe-event.ts'
import { anEvent } from '../../web/a-state.ts'

const task = { tid: 231, pid: 231, comm: 'klpt-sleeper' }
const shadow = { obj: '0xffff1', id: '0x2a', comm: 'nginx', tid: 7 }
const patching = { patch: 'p1', direction: 'patching' as const }

const sentences: [Event, string][] = [
  [
    anEvent('tracer-attached', {
      probeSets: [
        { name: 'a', available: true },
        { name: 'b', available: false },
      ],
    }),
    '1 of 2 probe sets attached; missing: b.',
  ],
  [
    anEvent('tracer-attached', {
      probeSets: [
        { name: 'a', available: true, lost: [{ name: 'klp_x', loss: 'x', reason: 'why', remedy: 'what' }] },
        { name: 'b', available: true },
      ],
    }),
    'All 2 probe sets attached, but not on klp_x.',
  ],
  [
    anEvent('tracer-attached', {
      probeSets: [
        { name: 'a', available: false, reason: 'kernel.ftrace_enabled is 0' },
        { name: 'b', available: false, reason: 'kernel.ftrace_enabled is 0' },
      ],
    }),
    'No probe set sees anything: kernel.ftrace_enabled is 0.',
  ],
  [
    anEvent('tracer-gap', {
      source: 'the probe of klp_x',
      fromMonoNs: '1000000000',
      toMonoNs: '3000000000',
      reason: 'somebody disabled it',
    }),
    'For 2.0 s nothing was seen from the probe of klp_x, but from all others: somebody disabled it.',
  ],
  [
    anEvent('tracer-gap', {
      source: 'transition',
      fromMonoNs: '9007199254740993000',
      toMonoNs: '9007199256240993000',
      reason: 'the tracer died',
    }),
    'For 1.5 s nothing was seen from transition, but from all others: the tracer died.',
  ],
  [
    anEvent('overhead-measured', { windowMs: 60_000, daemonMs: 1_200, tracersMs: 300 }),
    'In 1 min 00 s the daemon used 1.2 s of CPU time, its tracers 300 ms.',
  ],
  [anEvent('events-lost', { source: 'shadow', count: 1 }), '1 event from shadow was lost.'],
  [anEvent('patch-replaced', { patch: 'p1', by: 'p2' }), 'p1 was replaced by p2.'],
  [
    anEvent('patch-load-refused', { patch: 'p1', errno: -22, cause: 'incompatible state 3' }),
    'The kernel refused to load p1 (error -22): incompatible state 3.',
  ],
  [
    anEvent('transition-completed', { ...patching, basis: 'kernel-log' }),
    'The transition of p1 completed, by the kernel log: every task is patched.',
  ],
  [
    anEvent('transition-started', {
      ...patching,
      replace: true,
      adopted: false,
      requester: { pid: 812, comm: 'insmod', parentPid: 640, parentComm: 'bash' },
    }),
    'The transition of p1 (patching, replacing all older patches) started, requested by insmod (812), started by bash (640).',
  ],
  [
    anEvent('transition-started', { patch: 'p1', direction: 'unpatching', adopted: true }),
    'The transition of p1 (unpatching) was already running when the tracer came.',
  ],
  [
    anEvent('transition-completed', { patch: 'p1', direction: 'unpatching' }),
    'The transition of p1 completed: every task is unpatched.',
  ],
  [anEvent('transition-cancelled', patching), 'The transition of p1 (patching) was cancelled.'],
  [
    anEvent('task-switched', { ...task, cpu: 1, way: 'kernel-exit', to: 1 }),
    'klpt-sleeper (231) switched on leaving the kernel; it is now patched.',
  ],
  [
    anEvent('task-blocked', {
      ...task,
      reason: 'sleeping-on-function',
      function: 'klpt_wait',
      errno: -16,
      kthread: true,
      idle: false,
      cpu: 2,
    }),
    'klpt-sleeper (231) did not switch: it is sleeping inside klpt_wait.',
  ],
  [
    anEvent('task-blocked', {
      ...task,
      reason: 'unreliable-stack',
      blame: 'bpf_prog_6dee',
      errno: -22,
      kthread: true,
      idle: false,
      cpu: 2,
    }),
    'klpt-sleeper (231) did not switch: its stack cannot be walked reliably, because of bpf_prog_6dee.',
  ],
  [anEvent('task-inspected', { tid: 231 }), 'Task 231 was inspected: no details in /proc.'],
  [
    anEvent('tasks-observed', {
      complete: false,
      source: 'procfs',
      total: 3120,
      remaining: null,
      changed: [],
      gone: [4],
    }),
    '3,120 tasks seen through /proc (0 changes, 1 gone).',
  ],
  [
    anEvent('callback-skipped', {
      patch: 'p1',
      object: 'vmlinux',
      callback: 'post_unpatch',
      cause: 'p2 replaced it',
    }),
    'p1 did not run its post_unpatch callback for vmlinux: p2 replaced it.',
  ],
  [
    anEvent('function-calls', {
      second: 1,
      calls: [{ object: 'vmlinux', function: 'f', entered: 9, redirected: 7, old: 2 }],
    }),
    '9 calls of 1 patched function: 7 redirected, 2 still old code.',
  ],
  [
    anEvent('shadow-allocated', { ...shadow, sizeBytes: 64 }),
    'Shadow variable <0xffff1, 0x2a> allocated, 64 B by nginx (7).',
  ],
  [
    anEvent('shadow-duplicate', { obj: '0xffff1', id: '0x2a' }),
    'Duplicate allocation of shadow variable <0xffff1, 0x2a> refused.',
  ],
  [
    anEvent('shadow-found', { ...shadow, raced: true }),
    'Shadow variable <0xffff1, 0x2a> was allocated by another task first; the race was lost by nginx (7).',
  ],
  [
    anEvent('shadow-adopted', { restarts: 0, complete: true }),
    'All shadow variables older than the tracer have been counted.',
  ],
]

describe('describeEvent', () => {
  it.each(sentences)('$kind', (event, sentence) => expect(describeEvent(event)).toBe(sentence))

  it('names a kind that only a newer daemon knows', () => {
    const event = { seq: 1, time: '', monoNs: '0', kind: 'patch-reborn' } as unknown as Event
    expect(describeEvent(event)).toBe('patch-reborn (this page does not know this kind of event; reload it).')
  })
})
